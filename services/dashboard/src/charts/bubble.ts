/** What stands beside the pointer: made of elements, so that no name can be taken for markup. */
import { moment } from "../times";
import { count } from "../numbers";
import type { Bucket, Trace } from "../explore/traces";
import { nearest } from "./nearest";
import { withUnit } from "../explore/units";

const LINES_MOST = 12;

interface Pointed {
  axisValue?: number;
  value?: unknown;
}

/** For a time that is pointed at: each trace's bucket there. */
export function bubble(points: unknown, traces: Trace[], zone: string): HTMLElement {
  const pointed = (Array.isArray(points) ? points : [points]) as Pointed[];
  const at = Number(pointed[0]?.axisValue);
  const found = traces.flatMap((trace, index) => {
    const bucket = nearest(trace.buckets, at);
    return bucket ? [{ trace, bucket, index }] : [];
  });
  const near = Math.min(...found.map(({ bucket }) => Math.abs(bucket.at - at)));
  const same = found.filter(({ bucket }) => Math.abs(bucket.at - at) === near);
  const rows = same.slice(0, LINES_MOST).map(({ trace, bucket }) => [trace.name, told(bucket, trace)] as const);
  const more = same.length - rows.length;
  return table(moment(same[0]?.bucket.at ?? at, zone), rows, more ? `and ${more} more` : "");
}

export function table(heading: string, rows: (readonly [string, string])[], foot = ""): HTMLElement {
  const box = document.createElement("div");
  box.className = "bubble";
  box.append(element("strong", heading));
  const list = document.createElement("dl");
  for (const [name, value] of rows) list.append(element("dt", name), element("dd", value));
  box.append(list);
  if (foot) box.append(element("small", foot));
  return box;
}

function told(bucket: Bucket, { unit }: Trace): string {
  const average = withUnit(bucket.average, unit);
  if (unit === "share") return `${average} of ${count(bucket.count)}`;
  if (bucket.min === bucket.max) return average;
  return `${average} (${withUnit(bucket.min, unit)} to ${withUnit(bucket.max, unit)})`;
}

function element(name: string, text: string): HTMLElement {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
