/** One group against another. Pure. */
import type { EChartsCoreOption } from "echarts/core";
import { measured } from "../numbers";
import { moment } from "../times";
import { table } from "./bubble";
import { leftOf, stroke, type Look } from "./look";

export const SCATTER_PX = 440;

export interface Dot {
  x: number;
  y: number;
  at: number;
  /** What it is coloured by; empty: nothing. */
  label: string;
}

export interface Axes {
  x: string;
  y: string;
}

const LARGE = 2_000;

/** A colour for each label, in order. */
export function scatterOption(dots: Dot[], axes: Axes, look: Look): EChartsCoreOption {
  const labels = [...new Set(dots.map((dot) => dot.label))].sort();
  const size = dots.length > LARGE ? 4 : dots.length > 200 ? 6 : 9;
  return {
    grid: { left: leftOf(look), right: 24, top: 36, bottom: 48 },
    xAxis: axis(axes.x, { nameLocation: "middle", nameGap: 30 }),
    yAxis: axis(axes.y, { nameLocation: "end", nameTextStyle: { align: "left" } }),
    series: labels.map((label, index) => {
      const mine = dots.filter((dot) => dot.label === label);
      return {
        id: `dots ${label}`,
        name: label,
        type: "scatter",
        symbolSize: size,
        large: labels.length === 1 && mine.length > LARGE,
        data: mine.map((dot) => [dot.x, dot.y, dot.at]),
        itemStyle: { color: stroke(index, look.colours).color, opacity: dots.length > 500 ? 0.45 : 0.75 },
      };
    }),
    tooltip: {
      confine: true,
      formatter: ({ value, seriesName }: { value: [number, number, number]; seriesName: string }) =>
        table(moment(value[2], look.zone), [
          ...(labels.length > 1 ? [["group", seriesName] as const] : []),
          [axes.x, measured(value[0], 6)],
          [axes.y, measured(value[1], 6)],
        ]),
    },
  };
}

/** Pearson's r; null with fewer than three dots, or where one does not vary. */
export function correlation(dots: Pick<Dot, "x" | "y">[]): number | null {
  if (dots.length < 3) return null;
  const mean = (pick: (dot: Pick<Dot, "x" | "y">) => number) => dots.reduce((sum, dot) => sum + pick(dot), 0) / dots.length;
  const [x, y] = [mean((dot) => dot.x), mean((dot) => dot.y)];
  let [xy, xx, yy] = [0, 0, 0];
  for (const dot of dots) {
    xy += (dot.x - x) * (dot.y - y);
    xx += (dot.x - x) ** 2;
    yy += (dot.y - y) ** 2;
  }
  return xx && yy ? xy / Math.sqrt(xx * yy) : null;
}

function axis(name: string, more: object): object {
  return {
    type: "value",
    scale: true,
    name,
    nameTruncate: { maxWidth: 280 },
    splitNumber: 4,
    axisLabel: { formatter: (value: number) => measured(value, 6) },
    ...more,
  };
}
