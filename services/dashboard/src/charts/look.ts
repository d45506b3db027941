/** What every chart is drawn by, and what their options share. Pure. */
import { AXIS, tick, type Unit } from "../explore/units";
import type { Span } from "../explore/view";
import type { Colours } from "./colours";

export interface Look {
  colours: Colours;
  zone: string;
  range: Span;
  /** How wide the chart is, in pixels. */
  width: number;
  /** Nothing but the lines: a preview. */
  small?: boolean | undefined;
}

/** Room for the labels of a value axis. */
export function leftOf({ width }: Look): number {
  return width < 500 ? 48 : 64;
}

/** The colour and stroke of a trace: strokes change when colours are used up. */
export function stroke(index: number, colours: Colours): { color: string; type: "solid" | "dashed" | "dotted" } {
  const { series } = colours;
  const type = (["solid", "dashed", "dotted"] as const)[Math.floor(index / series.length) % 3]!;
  return { color: series[index % series.length]!, type };
}

/** An axis that is no more than a line to stand on. */
export const BASELINE = { axisTick: { show: false }, axisLabel: { show: false }, splitLine: { show: false } };

/** A value axis whose ticks have the unit. */
export function unitAxis(unit: Unit): object {
  const formatter = (value: number) => tick(value, unit);
  return { type: "value", name: AXIS[unit], nameTextStyle: { align: "right" }, splitNumber: 4, axisLabel: { formatter } };
}

/** What stands beside the pointer over bars. */
export function barTooltip<P>(formatter: (points: P[]) => HTMLElement): object {
  return { trigger: "axis", axisPointer: { type: "shadow" }, confine: true, formatter };
}
