/** What there is to say about a stream: in which order, how far it is, what it does. Pure. */
import type { StreamLine } from "./api";
import type { StateLine } from "./live";
import { count, perSecond } from "./numbers";
import { span } from "./times";

/** What the producer tells about a dataset on its way, and of any stream how much was published. */
export interface Progress {
  published?: number;
  behind_s?: number;
  phase?: "pulling" | "publishing" | "done";
  bytes?: number;
  bytes_total?: number | null;
  bytes_read?: number;
  bytes_per_s?: number;
  rows?: number;
  rows_per_s?: number;
  seconds_left?: number | null;
  rejected?: number;
  rejected_by?: Record<string, number>;
  rejects?: { row: number; line: number; code: string; detail: string }[];
}

export type Change = "start" | "stop" | "pause" | "resume";

const ACTIVE = ["pending", "running", "paused", "stopping"];
const BACKFILL_S = 5;

export function progressOf(stream: Pick<StreamLine, "progress">): Progress {
  return stream.progress as Progress;
}

export function isActive(stream: Pick<StreamLine, "state">): boolean {
  return stream.state !== null && ACTIVE.includes(stream.state);
}

/** As people order names: line-2 before line-10. */
export const byName = new Intl.Collator("en", { numeric: true }).compare;

/** What runs, then what failed, then what ended, each with one's own before the built-in ones; then what others publish. */
export function placeOf(stream: StreamLine): number {
  if (stream.kind === "external") return 6;
  const place = isActive(stream) ? 0 : stream.state === "failed" ? 2 : 4;
  return stream.built_in ? place + 1 : place;
}

/** By place, then by name. One that has a place among `kept` keeps it, whatever became of it since: no row jumps while
 * somebody is about to press it. */
export function inOrder(streams: StreamLine[], kept: ReadonlyMap<string, number> = new Map()): StreamLine[] {
  const place = (stream: StreamLine) => kept.get(stream.id) ?? placeOf(stream);
  return [...streams].sort((a, b) => place(a) - place(b) || byName(a.id, b.id));
}

/** The list with the states that were told since; undefined when it has to be read anew, for what they do not tell. */
export function withStates(streams: StreamLine[], told: StateLine[]): StreamLine[] | undefined {
  const known = new Map(streams.map((stream) => [stream.id, stream]));
  for (const { stream: id, state, ...news } of told) {
    const before = known.get(id);
    const gone = state === "deleted" || (news.desired === "deleted" && state !== "stopping");
    if (gone) known.delete(id);
    else if (!before || (news.run !== undefined && news.run !== before.run)) return undefined;
    else known.set(id, { ...before, ...news, state });
  }
  return [...known.values()];
}

/** The share that is done, from 0 to 1; undefined where there is no end, or none is known. */
export function share(stream: StreamLine): number | undefined {
  const progress = progressOf(stream);
  if (stream.kind === "dataset") {
    if (progress.phase === "done") return 1;
    const done = progress.phase === "publishing" ? progress.bytes_read : progress.bytes;
    return progress.bytes_total && done !== undefined ? Math.min(1, done / progress.bytes_total) : undefined;
  }
  const end = endOf(stream);
  return end && stream.position !== null ? Math.min(1, stream.position / end) : undefined;
}

const DEFAULT_RATE: Record<string, number> = { sensor: 5, "random-walk": 10, "random-int": 4, prices: 3, table: 1 };

/** How many events a simulation has; undefined when it is endless. */
function endOf(stream: StreamLine): number | undefined {
  const { count: asked, duration, rate, profile } = stream.spec as Record<string, unknown>;
  if (typeof asked === "number") return asked;
  const perS = typeof rate === "number" ? rate : DEFAULT_RATE[String(profile ?? "random-int")];
  return typeof duration === "number" && perS ? Math.max(1, Math.floor(duration * perS)) : undefined;
}

/** What it is, in a few words. */
export function described(stream: StreamLine): string {
  const spec = stream.spec as Record<string, unknown>;
  if (stream.kind === "host") return "this machine, measured";
  if (stream.kind === "external") return "published by others";
  if (stream.kind === "dataset") return fileName(String(spec["url"] ?? ""));
  const profile = String(spec["profile"] ?? "random-int");
  const rate = typeof spec["rate"] === "number" ? spec["rate"] : DEFAULT_RATE[profile];
  const end = typeof spec["count"] === "number" ? `, ${count(spec["count"])} events` : "";
  const lasts = typeof spec["duration"] === "number" ? `, ${span(spec["duration"])}` : "";
  return `${profile}, ${perSecond(rate)}${end}${lasts}`;
}

function fileName(url: string): string {
  return url.split(/[?#]/)[0]!.split("/").filter(Boolean).at(-1) ?? url;
}

/** What is going on, where a state says too little: why it ended, or how far behind the clock it is. */
export function remark(stream: StreamLine): string | undefined {
  if (stream.reason && stream.state !== "running") return stream.reason;
  const behind = progressOf(stream).behind_s ?? 0;
  if (stream.state === "running" && stream.kind === "simulation" && behind > BACKFILL_S) {
    return `backfills: ${span(behind)} behind now`;
  }
  return undefined;
}

/** Which changes make sense now. */
export function changes(stream: StreamLine): Change[] {
  switch (stream.state) {
    case "pending":
    case "running":
      return ["pause", "stop"];
    case "paused":
      return ["resume", "stop"];
    case "stopped":
    case "completed":
    case "failed":
      return ["start"];
    default:
      return [];
  }
}
