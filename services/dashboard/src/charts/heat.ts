/** A day-by-hour heat map: days across, the zone's hours down. Pure. */
import type { EChartsCoreOption } from "echarts/core";
import type { Bucket, Trace } from "../explore/traces";
import { withUnit, type Unit } from "../explore/units";
import { clockAt } from "../explore/zones";
import { table } from "./bubble";
import { count } from "../numbers";
import type { Look } from "./look";

export const HEAT_PX = 420;

export interface Cell {
  /** Number of its day among `days`. */
  day: number;
  hour: number;
  average: number;
  count: number;
  at: number;
}

export interface Cells {
  /** `2026-11-21`, without holes. */
  days: string[];
  cells: Cell[];
}

const DAY = 86_400_000;

/** By the clocks of the zone; an hour that they repeat is one cell: Σ sum / Σ count. */
export function cellsOf(buckets: Bucket[], zone: string): Cells {
  const found = new Map<string, { wall: number; hour: number; sum: number; count: number; at: number }>();
  for (const bucket of buckets) {
    const { year, month, day, hour } = clockAt(bucket.at, zone);
    const wall = Date.UTC(year, month - 1, day);
    const cell = found.get(`${wall} ${hour}`) ?? { wall, hour, sum: 0, count: 0, at: bucket.at };
    cell.sum += bucket.sum;
    cell.count += bucket.count;
    found.set(`${wall} ${hour}`, cell);
  }
  const walls = [...found.values()].map((cell) => cell.wall);
  if (!walls.length) return { days: [], cells: [] };
  const first = Math.min(...walls);
  const length = (Math.max(...walls) - first) / DAY + 1;
  return {
    days: Array.from({ length }, (_, index) => new Date(first + index * DAY).toISOString().slice(0, 10)),
    cells: [...found.values()].map(({ wall, hour, sum, count: n, at }) => {
      return { day: (wall - first) / DAY, hour, average: sum / n, count: n, at };
    }),
  };
}

export function heatOption(trace: Trace, look: Look): EChartsCoreOption {
  const { days, cells } = cellsOf(trace.buckets, look.zone);
  const { unit } = trace;
  const values = cells.map((cell) => cell.average);
  return {
    grid: look.small
      ? { left: 0, right: 0, top: 2, bottom: 2 }
      : { left: 56, right: 16, top: 8, bottom: 64 },
    xAxis: { type: "category", show: !look.small, data: days.map(dayText), axisTick: { show: false } },
    yAxis: {
      type: "category",
      show: !look.small,
      inverse: true,
      data: Array.from({ length: 24 }, (_, hour) => `${String(hour).padStart(2, "0")}:00`),
      axisTick: { show: false },
      axisLabel: { interval: 2 },
    },
    visualMap: scale(values, unit, look),
    series: [
      {
        id: trace.group.key,
        type: "heatmap",
        data: cells.map((cell) => [cell.day, cell.hour, cell.average]),
        itemStyle: { borderColor: look.colours.surface, borderWidth: days.length * 4 < look.width ? 1 : 0 },
        emphasis: { itemStyle: { borderColor: look.colours.text, borderWidth: 1 } },
      },
    ],
    tooltip: look.small
      ? { show: false }
      : { confine: true, formatter: ({ dataIndex }: { dataIndex: number }) => about(cells[dataIndex]!, days, trace) },
  };
}

/** Which colour is how much. */
function scale(values: number[], unit: Unit, { colours, small, width }: Look): object {
  const [min, max] = values.length ? [Math.min(...values), Math.max(...values)] : [0, 1];
  return {
    show: !small,
    min,
    max,
    inRange: { color: colours.scale },
    calculable: false,
    orient: "horizontal",
    left: "center",
    bottom: 0,
    itemHeight: Math.min(220, width - 200),
    itemWidth: 12,
    textStyle: { color: colours.muted },
    text: values.length ? [withUnit(max, unit, 4), withUnit(min, unit, 4)] : [],
  };
}

function about(cell: Cell, days: string[], { unit }: Trace): HTMLElement {
  const hours = `${String(cell.hour).padStart(2, "0")}:00–${String(cell.hour + 1).padStart(2, "0")}:00`;
  return table(`${dayText(days[cell.day]!)}, ${hours}`, [
    ["average", withUnit(cell.average, unit)],
    ["readings", count(cell.count)],
  ]);
}

function dayText(day: string): string {
  const parts = { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" } as const;
  return new Intl.DateTimeFormat("en-GB", parts).format(new Date(day));
}
