/** Lines over time with the band between least and most; a panel for each scale. Pure. */
import type { EChartsCoreOption } from "echarts/core";
import { distance, type Bucket, type Trace } from "../explore/traces";
import { AXIS, tick, type Unit } from "../explore/units";
import { ticks, tickText } from "../explore/zones";
import { bubble } from "./bubble";
import { leftOf, stroke, type Look } from "./look";
import { panels } from "./panels";

export const PANEL_PX = 320;
const SMALL_PANEL_PX = 170;
const BANDS_MOST = 3;
const SYMBOLS_MOST = 60;
const TICK_PX = 60;

type Point = [number, number | null];

/** How high a chart of these traces is, in pixels. */
export function lineHeight(traces: Trace[]): number {
  const count = panels(traces).length;
  return count > 1 ? count * SMALL_PANEL_PX : PANEL_PX;
}

export function lineOption(traces: Trace[], look: Look): EChartsCoreOption {
  const shown = panels(traces);
  const room = shown.length > 1 ? SMALL_PANEL_PX : PANEL_PX;
  const range = drawn(traces, look);
  const marks = ticks(look.range, look.zone, Math.max(2, Math.floor((look.width - leftOf(look) - 16) / TICK_PX)));
  return {
    grid: shown.map((_, index) =>
      look.small
        ? { left: 0, right: 0, top: `${(100 / shown.length) * index + 2}%`, height: `${100 / shown.length - 4}%` }
        : { left: leftOf(look), right: 16, top: index * room + 28, height: room - 56 },
    ),
    xAxis: shown.map((_, index) => timeAxis(index, marks, { ...look, range }, index === shown.length - 1)),
    yAxis: shown.map((panel, index) => valueAxis(index, panel, look, shown.length > 1)),
    series: shown.flatMap((panel, index) => panel.flatMap((trace) => lines(trace, index, panel, look))),
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    tooltip: look.small
      ? { show: false }
      : { trigger: "axis", confine: true, formatter: (points: unknown) => bubble(points, traces, look.zone) },
  };
}

/** From when to when the axis goes. A bucket is drawn where it begins: the first may begin before the range, and of the
 * last a small chart has no room for the rest. */
function drawn(traces: Trace[], { range, small }: Look): Look["range"] {
  const start = Math.min(...traces.map(({ buckets }) => buckets[0]?.at ?? Infinity));
  const end = Math.max(...traces.map(({ buckets }) => buckets.at(-1)?.at ?? -Infinity));
  if (small && start < end) return { start, end };
  return { start: Math.min(start, range.start), end: range.end };
}

/** Points of a line, broken where buckets are missing. */
export function broken(buckets: Bucket[], value: (bucket: Bucket) => number): Point[] {
  const gap = 3 * (distance(buckets) ?? Infinity);
  const points: Point[] = [];
  let last = -Infinity;
  for (const bucket of buckets) {
    if (points.length && bucket.at - last > gap) points.push([last + 1, null]);
    points.push([bucket.at, value(bucket)]);
    last = bucket.at;
  }
  return points;
}

function lines(trace: Trace, axis: number, panel: Trace[], look: Look): object[] {
  const { color, type } = stroke(trace.index, look.colours);
  const common = { type: "line", xAxisIndex: axis, yAxisIndex: axis, sampling: "lttb", symbolSize: 5, itemStyle: { color } };
  const still = { showSymbol: false, silent: true, emphasis: { disabled: true }, tooltip: { show: false } };
  const average = {
    ...common,
    id: trace.group.key,
    name: trace.name,
    data: broken(trace.buckets, (bucket) => bucket.average),
    showSymbol: !look.small && trace.buckets.length <= SYMBOLS_MOST,
    lineStyle: { color, type, width: look.small ? 1.5 : 1.8 },
    z: 3,
  };
  if (panel.length > BANDS_MOST || trace.unit === "share" || !spread(trace)) return [average];
  const stack = { ...common, ...still, stack: trace.group.key, stackStrategy: "all", lineStyle: { opacity: 0 } };
  return [
    { ...stack, id: `${trace.group.key} least`, data: broken(trace.buckets, (bucket) => bucket.min) },
    {
      ...stack,
      id: `${trace.group.key} most`,
      data: broken(trace.buckets, (bucket) => bucket.max - bucket.min),
      areaStyle: { color, opacity: panel.length > 1 ? 0.12 : 0.18 },
    },
    average,
  ];
}

function spread(trace: Trace): boolean {
  return trace.buckets.some((bucket) => bucket.max > bucket.min);
}

function timeAxis(index: number, marks: number[], { zone, range, small }: Look, labelled: boolean): object {
  return {
    type: "value",
    gridIndex: index,
    min: range.start,
    max: range.end,
    show: !small,
    splitLine: { show: false },
    axisLine: { onZero: false },
    axisTick: { show: true, customValues: marks },
    axisLabel: { show: labelled, customValues: marks, formatter: (at: number) => tickText(at, zone, range) },
    axisPointer: { label: { show: false } },
  };
}

/** `titled`: what the panel shows stands above it, since there are others. */
function valueAxis(index: number, panel: Trace[], look: Look, titled: boolean): object {
  const { unit } = panel[0]!;
  const most = Math.max(...panel.flatMap((trace) => trace.buckets.map((bucket) => bucket.average)));
  const from = unit === "share" ? { min: 0, ...(most > 0.5 && { max: 1 }) } : { scale: true };
  return {
    type: "value",
    gridIndex: index,
    show: !look.small,
    nameLocation: "end",
    ...(titled
      ? { name: namesOf(panel, unit), nameTextStyle: { align: "left" }, nameTruncate: { maxWidth: look.width - leftOf(look) - 16 } }
      : { name: AXIS[unit], nameTextStyle: { align: "right" } }),
    splitNumber: 4,
    axisLabel: { formatter: (value: number) => tick(value, unit) },
    ...from,
  };
}

function namesOf(panel: Trace[], unit: Unit): string {
  const names = panel.map((trace) => trace.name).join(", ");
  return AXIS[unit] ? `${names} (${AXIS[unit]})` : names;
}
