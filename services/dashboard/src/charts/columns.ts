/** Columns over time: one a bucket and group, side by side. Pure. */
import type { EChartsCoreOption } from "echarts/core";
import type { Trace } from "../explore/traces";
import { withUnit } from "../explore/units";
import { tickText } from "../explore/zones";
import { moment } from "../times";
import { table } from "./bubble";
import { barTooltip, leftOf, stroke, unitAxis, type Look } from "./look";

export const COLUMNS_PX = 320;
const LABEL_PX = 52;

interface Pointed {
  dataIndex: number;
  value: number | null;
  seriesIndex: number;
}

/** When the buckets of any of them begin, in order. */
export function startsOf(traces: Trace[]): number[] {
  return [...new Set(traces.flatMap((trace) => trace.buckets.map((bucket) => bucket.at)))].sort((a, b) => a - b);
}

export function columnsOption(traces: Trace[], look: Look): EChartsCoreOption {
  const starts = startsOf(traces);
  const shown = { start: starts[0] ?? 0, end: starts.at(-1) ?? 0 };
  const room = starts.length * traces.length * LABEL_PX < look.width;
  const about = (points: Pointed[]) =>
    table(
      moment(starts[points[0]!.dataIndex], look.zone),
      points.map(({ seriesIndex, value }) => [traces[seriesIndex]!.name, withUnit(value, traces[seriesIndex]!.unit)]),
    );
  return {
    grid: look.small
      ? { left: 0, right: 0, top: 22, bottom: 20 }
      : { left: leftOf(look), right: 16, top: 28, bottom: 28 },
    xAxis: { type: "category", data: starts.map((at) => tickText(at, look.zone, shown)), axisTick: { show: false } },
    yAxis: { ...unitAxis(traces[0]?.unit ?? ""), show: !look.small },
    series: traces.map((trace) => columns(trace, starts, look, room)),
    tooltip: look.small ? { show: false } : barTooltip(about),
  };
}

function columns(trace: Trace, starts: number[], { colours }: Look, labelled: boolean): object {
  const byStart = new Map(trace.buckets.map((bucket) => [bucket.at, bucket.average]));
  const formatter = ({ value }: { value: unknown }) => withUnit(value as number | null, trace.unit, 4);
  return {
    id: trace.group.key,
    name: trace.name,
    type: "bar",
    barMaxWidth: 48,
    data: starts.map((at) => byStart.get(at) ?? null),
    itemStyle: { color: stroke(trace.index, colours).color, borderRadius: [3, 3, 0, 0] },
    label: { show: labelled, position: "top", color: colours.text, fontSize: 11, formatter },
  };
}
