/** Lines of the API as what charts draw. */
import type { BucketLine, Schemas } from "../api";
import type { Group } from "./catalogue";
import { shortNames } from "./catalogue";
import { grouped } from "./grouped";
import { unitOf, type Unit } from "./units";

export interface Bucket {
  /** Its start; NaN when the whole range is one. */
  at: number;
  average: number;
  min: number;
  max: number;
  sum: number;
  count: number;
}

/** One group over time. */
export interface Trace {
  /** Its place among all of the view, which its colour follows, whether others are hidden or not. */
  index: number;
  group: Group;
  name: string;
  unit: Unit;
  buckets: Bucket[];
  /** All of its buckets as one; null: there are none. */
  total: Bucket | null;
}

export type WindowLine = Schemas["TotalLine"] & Partial<Pick<BucketLine, "window_start">>;

/** A trace per group, in their order; series of a group are added up bucket by bucket. */
export function tracesOf(groups: Group[], lines: WindowLine[]): Trace[] {
  const names = shortNames(groups);
  const bySeries = grouped(lines, (line) => `${line.stream}:${line.category}`);
  return groups.map((group, index) => {
    const mine = group.members.map((member) => bySeries.get(`${member.stream}:${member.category}`) ?? []);
    const buckets = added(mine.map((series) => series.map(bucketOf)));
    const unit = unitOf(group.name, buckets);
    return { index, group, name: names[index]!, unit, buckets, total: buckets.length ? sum(buckets) : null };
  });
}

/** How far apart buckets lie, in milliseconds: the least distance that there is; null with fewer than two. */
export function distance(buckets: Bucket[]): number | null {
  let least = Infinity;
  for (let index = 1; index < buckets.length; index += 1) {
    least = Math.min(least, buckets[index]!.at - buckets[index - 1]!.at);
  }
  return Number.isFinite(least) ? least : null;
}

/** Pairs of the same bucket. */
export function pairs(x: Trace, y: Trace): { at: number; x: number; y: number }[] {
  const other = new Map(y.buckets.map((bucket) => [bucket.at, bucket.average]));
  return x.buckets.flatMap(({ at, average }) => (other.has(at) ? [{ at, x: average, y: other.get(at)! }] : []));
}

function bucketOf(line: WindowLine): Bucket {
  const at = line.window_start === undefined ? NaN : Date.parse(line.window_start);
  return { at, average: line.avg_value, min: line.min, max: line.max, sum: line.sum, count: line.count };
}

function added(series: Bucket[][]): Bucket[] {
  if (series.length === 1) return series[0]!;
  const byStart = grouped(series.flat(), (bucket) => bucket.at);
  return [...byStart.values()].map(sum).sort((one, other) => one.at - other.at);
}

/** Several as one, beginning with the first: Σ sum / Σ count, never a mean of means. */
function sum(buckets: Bucket[]): Bucket {
  const total = { ...buckets[0]!, sum: 0, count: 0 };
  for (const bucket of buckets) {
    total.sum += bucket.sum;
    total.count += bucket.count;
    total.min = Math.min(total.min, bucket.min);
    total.max = Math.max(total.max, bucket.max);
  }
  return { ...total, average: total.sum / total.count };
}
