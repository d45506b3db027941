/** Bars: groups compared over the whole range, the longest first; or, by a step, side by side in each bucket. Pure. */
import type { EChartsCoreOption } from "echarts/core";
import type { Trace } from "../explore/traces";
import { AXIS, tick, withUnit } from "../explore/units";
import type { Span } from "../explore/view";
import { tickText } from "../explore/zones";
import { count } from "../numbers";
import { moment } from "../times";
import { table } from "./bubble";
import { leftOf, stroke, type Look } from "./line";

const BAR_PX = 30;
const NAME_PX = 7.2;

export function barsHeight(traces: Trace[], byStep: boolean): number {
  return byStep ? 320 : Math.max(160, traces.length * BAR_PX + 50);
}

/** One bar a group. */
export function comparedOption(traces: Trace[], { colours, width, small }: Look): EChartsCoreOption {
  const sorted = [...traces].sort((one, other) => (one.total?.average ?? 0) - (other.total?.average ?? 0));
  const units = new Set(traces.map((trace) => trace.unit));
  const unit = units.size === 1 ? traces[0]!.unit : "";
  const longest = Math.max(...sorted.map((trace) => trace.name.length));
  const left = Math.min(longest * NAME_PX + 12, width * 0.42);
  const least = Math.min(0, ...sorted.map((trace) => trace.total?.average ?? 0));
  return {
    grid: { left, right: small ? 48 : 76, top: small ? 2 : 8, bottom: small ? 2 : 28 },
    xAxis: {
      type: "value",
      min: least < 0 ? undefined : 0,
      show: !small,
      splitNumber: width < 500 ? 3 : 5,
      axisLabel: { formatter: (value: number) => tick(value, unit) },
    },
    yAxis: {
      type: "category",
      data: sorted.map((trace) => trace.name),
      axisTick: { show: false },
      axisLine: { show: !small },
      axisLabel: { width: left - 12, overflow: "truncate", interval: 0, fontSize: small ? 11 : 12 },
    },
    series: [
      {
        id: "bars",
        type: "bar",
        barMaxWidth: 22,
        data: sorted.map((trace) => ({ value: trace.total?.average ?? null, itemStyle: { borderRadius: [0, 3, 3, 0] } })),
        itemStyle: { color: colours.series[0] },
        label: {
          show: true,
          position: "right",
          color: colours.text,
          fontSize: small ? 11 : 12,
          formatter: ({ dataIndex }: { dataIndex: number }) => mean(sorted[dataIndex]!),
        },
      },
    ],
    tooltip: small
      ? { show: false }
      : {
          trigger: "axis",
          axisPointer: { type: "shadow" },
          confine: true,
          formatter: ([point]: { dataIndex: number }[]) => about(sorted[point!.dataIndex]!),
        },
  };
}

/** When the buckets of any of them begin, in order. */
export function startsOf(traces: Trace[]): number[] {
  return [...new Set(traces.flatMap((trace) => trace.buckets.map((bucket) => bucket.at)))].sort((a, b) => a - b);
}

/** Columns over time: one a bucket and group. */
export function columnsOption(traces: Trace[], look: Look): EChartsCoreOption {
  const unit = traces[0]?.unit ?? "";
  const starts = startsOf(traces);
  const shown: Span = { start: starts[0] ?? 0, end: starts.at(-1) ?? 0 };
  return {
    grid: look.small ? { left: 0, right: 0, top: 22, bottom: 20 } : { left: leftOf(look), right: 16, top: 28, bottom: 28 },
    xAxis: {
      type: "category",
      data: starts.map((at) => tickText(at, look.zone, shown)),
      axisTick: { show: false },
    },
    yAxis: {
      type: "value",
      show: !look.small,
      name: AXIS[unit],
      nameTextStyle: { align: "right" },
      splitNumber: 4,
      axisLabel: { formatter: (value: number) => tick(value, unit) },
    },
    series: traces.map((trace, index) => {
      const byStart = new Map(trace.buckets.map((bucket) => [bucket.at, bucket.average]));
      return {
        id: trace.group.key,
        name: trace.name,
        type: "bar",
        barMaxWidth: 48,
        data: starts.map((at) => byStart.get(at) ?? null),
        itemStyle: { color: stroke(index, look.colours).color, borderRadius: [3, 3, 0, 0] },
        label: {
          show: starts.length * traces.length * 52 < look.width,
          position: "top",
          color: look.colours.text,
          fontSize: 11,
          formatter: ({ value }: { value: unknown }) => withUnit(value as number | null, unit, 4),
        },
      };
    }),
    tooltip: look.small
      ? { show: false }
      : {
          trigger: "axis",
          axisPointer: { type: "shadow" },
          confine: true,
          formatter: (points: { dataIndex: number; value: number | null; seriesIndex: number }[]) =>
            table(
              moment(starts[points[0]!.dataIndex], look.zone),
              points.map((point) => [traces[point.seriesIndex]!.name, withUnit(point.value, unit)] as const),
            ),
        },
  };
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
