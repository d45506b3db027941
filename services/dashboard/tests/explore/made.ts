/** Tiny makers. */
import { memberOf, type Group, type Member } from "../../src/explore/catalogue";
import type { Bucket, Trace, WindowLine } from "../../src/explore/traces";

export const START = Date.UTC(2026, 0, 2);
const MINUTE = 60_000;

export function member(category: string, stream = "lab", hours = 24): Member {
  const times = { first: new Date(START + 30_500).toISOString(), last: new Date(START + hours * 3_600_000 - 1).toISOString() };
  return memberOf({ stream, category, ...times, count: 10 });
}

export function bucket(minute: number, average: number, more: Partial<Bucket> = {}): Bucket {
  return { at: START + minute * MINUTE, average, min: average, max: average, sum: average, count: 1, ...more };
}

export function line(category: string, minute: number, sum: number, count: number, more: Partial<WindowLine> = {}): WindowLine {
  const at = new Date(START + minute * MINUTE).toISOString();
  const value = sum / count;
  const values = { avg_value: value, sum, count, min: value, max: value };
  return { stream: "lab", category, ...values, last_timestamp: at, window_start: at, ...more };
}

export function trace(name: string, buckets: Bucket[], unit: Trace["unit"] = "", index = 0): Trace {
  const group: Group = { key: name, stream: "lab", name, labels: {}, members: [] };
  const averages = buckets.map((one) => one.average);
  const total = buckets.length
    ? bucket(0, 0, { min: Math.min(...averages), max: Math.max(...averages), count: buckets.length })
    : null;
  return { index, group, name, unit, buckets, total };
}
