/** Bars that compare groups over the whole range, the longest first. Pure. */
import type { EChartsCoreOption } from "echarts/core";
import type { Trace } from "../explore/traces";
import { tick, withUnit } from "../explore/units";
import { count } from "../numbers";
import { table } from "./bubble";
import { barTooltip, type Look } from "./look";

const BAR_PX = 30;
const NAME_PX = 7.4;
const NAME_GAP_PX = 12;
const NAMES_SHARE = 0.42;

export function barsHeight(traces: Trace[]): number {
  return Math.max(160, traces.length * BAR_PX + 50);
}

/** One bar a group. */
export function barsOption(traces: Trace[], { colours, width, small }: Look): EChartsCoreOption {
  const sorted = [...traces].sort((one, other) => averageOf(one) - averageOf(other));
  const longest = Math.max(...sorted.map((trace) => trace.name.length));
  const left = Math.min((longest + 1) * NAME_PX + NAME_GAP_PX, width * NAMES_SHARE);
  const fontSize = small ? 11 : 12;
  return {
    grid: { left, right: small ? 48 : 76, top: small ? 2 : 8, bottom: small ? 2 : 28 },
    xAxis: { ...lengthAxis(sorted), show: !small, splitNumber: width < 500 ? 3 : 5 },
    yAxis: {
      type: "category",
      data: sorted.map((trace) => trace.name),
      axisTick: { show: false },
      axisLine: { show: !small },
      axisLabel: { width: left - NAME_GAP_PX, overflow: "truncate", interval: 0, fontSize },
    },
    series: [
      {
        id: "bars",
        type: "bar",
        barMaxWidth: 22,
        data: sorted.map((trace) => trace.total?.average ?? null),
        itemStyle: { color: colours.series[0], borderRadius: [0, 3, 3, 0] },
        label: {
          show: true,
          position: "right",
          color: colours.text,
          fontSize,
          formatter: ({ dataIndex }: { dataIndex: number }) => mean(sorted[dataIndex]!),
        },
      },
    ],
    tooltip: small ? { show: false } : barTooltip<{ dataIndex: number }>(([point]) => about(sorted[point!.dataIndex]!)),
  };
}

/** From nothing on, or from the least where that is below; with the unit. Where they have several, its numbers say nothing. */
function lengthAxis(traces: Trace[]): object {
  const units = new Set(traces.map((trace) => trace.unit));
  const [unit = ""] = units;
  const from = traces.some((trace) => averageOf(trace) < 0) ? {} : { min: 0 };
  return { type: "value", axisLabel: { show: units.size === 1, formatter: (value: number) => tick(value, unit) }, ...from };
}

function averageOf({ total }: Trace): number {
  return total?.average ?? 0;
}

function mean({ total, unit }: Trace): string {
  return withUnit(total?.average, unit, 4);
}

function about({ name, unit, total }: Trace): HTMLElement {
  return table(name, [
    ["average", withUnit(total?.average, unit)],
    ["least", withUnit(total?.min, unit)],
    ["most", withUnit(total?.max, unit)],
    ["readings", count(total?.count)],
  ]);
}
