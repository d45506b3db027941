/** How often each value is seen among the buckets shown. Pure. */
import type { EChartsCoreOption } from "echarts/core";
import type { Trace } from "../explore/traces";
import { tick, withUnit } from "../explore/units";
import { count } from "../numbers";
import { table } from "./bubble";
import { barTooltip, leftOf, type Look } from "./look";

export const HISTOGRAM_PX = 300;

export interface Bin {
  from: number;
  to: number;
  count: number;
}

/** About √n bins of a round width (1, 2 or 5 by powers of ten), 5 to 40, without holes; the last one includes its end. */
export function binsOf(values: number[]): Bin[] {
  if (!values.length) return [];
  const least = values.reduce((one, other) => Math.min(one, other));
  const most = values.reduce((one, other) => Math.max(one, other));
  if (least === most) return [{ from: least, to: most, count: values.length }];
  const wanted = Math.min(40, Math.max(5, Math.ceil(Math.sqrt(values.length))));
  const width = roundUp((most - least) / wanted);
  const first = Math.floor(least / width);
  const bins = Array.from({ length: Math.max(1, Math.ceil(most / width) - first) }, (_, index) => ({
    from: (first + index) * width,
    to: (first + index + 1) * width,
    count: 0,
  }));
  for (const value of values) bins[Math.min(Math.floor(value / width) - first, bins.length - 1)]!.count += 1;
  return bins;
}

export function histogramOption(trace: Trace, look: Look, color: string): EChartsCoreOption {
  const { colours, width } = look;
  const bins = binsOf(trace.buckets.map((bucket) => bucket.average));
  const { unit } = trace;
  const every = Math.max(1, Math.ceil((bins.length * 56) / Math.max(200, width - 80)));
  return {
    grid: { left: leftOf(look), right: 16, top: 28, bottom: 28 },
    xAxis: {
      type: "category",
      data: bins.map((bin) => tick(bin.from, unit)),
      axisTick: { show: false },
      axisLabel: { interval: every - 1 },
    },
    yAxis: { type: "value", name: "buckets", nameTextStyle: { align: "right" }, splitNumber: 4, minInterval: 1 },
    series: [
      {
        id: trace.group.key,
        type: "bar",
        barCategoryGap: "6%",
        data: bins.map((bin) => bin.count),
        itemStyle: { color, borderRadius: [2, 2, 0, 0] },
        emphasis: { itemStyle: { color: colours.muted } },
      },
    ],
    tooltip: barTooltip<{ dataIndex: number }>(([point]) => about(bins[point!.dataIndex]!, trace)),
  };
}

function about(bin: Bin, { unit, buckets }: Trace): HTMLElement {
  const share = withUnit(bin.count / buckets.length, "share");
  return table(`${withUnit(bin.from, unit)} to ${withUnit(bin.to, unit)}`, [["buckets", `${count(bin.count)} (${share})`]]);
}

function roundUp(width: number): number {
  const power = 10 ** Math.floor(Math.log10(width));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= width * 0.999999) ?? 10);
}
