/** How far processing is behind, as the API tells it, in words. */
import { open, type Schemas } from "../api";
import { count, perSecond } from "../numbers";
import { span } from "../times";

export type LagLine = Schemas["LagLine"];
export type Trend = LagLine["trend"];

/** All partitions as one; null: not known. */
export interface Total {
  records: number | null;
  seconds: number | null;
  inPerS: number | null;
  outPerS: number | null;
  trend: Trend | null;
  drainS: number | null;
}

export interface Lag {
  lines: LagLine[];
  total: Total;
}

/** Younger than this is no backlog. */
export const UP_TO_DATE_S = 3;
const TRENDS: readonly string[] = ["growing", "falling", "steady"] satisfies Trend[];

export async function readLag(signal: AbortSignal): Promise<Lag> {
  const answer = await open("/api/v1/lag?limit=10000", { signal, headers: { Accept: "application/json" } });
  return { lines: (await answer.json()) as LagLine[], total: totalOf(answer.headers) };
}

/** The totals travel in headers; one that is not known is missing. */
export function totalOf(headers: Headers): Total {
  const number = (name: string) => {
    const text = headers.get(`Tideline-${name}`);
    return text === null ? null : Number(text);
  };
  const trend = headers.get("Tideline-Trend");
  return {
    records: number("Records-Behind"),
    seconds: number("Seconds-Behind"),
    inPerS: number("In-Per-S"),
    outPerS: number("Out-Per-S"),
    trend: trend && TRENDS.includes(trend) ? (trend as Trend) : null,
    drainS: number("Drain-S"),
  };
}

/** "Nothing waits.", "Falling: gone in 3 min." */
export function told({ records, seconds, trend, drainS, inPerS, outPerS }: Total): string {
  if (records === null) return "How far behind is not known.";
  if (records === 0) return "Nothing waits: every record is processed.";
  if (seconds !== null && seconds < UP_TO_DATE_S) return "Up to date: only what came a moment ago is under way.";
  if (trend === "growing") {
    return `Growing: ${perSecond(inPerS)} come in, ${perSecond(outPerS)} go out. If that lasts, add a processor.`;
  }
  if (drainS !== null) return `${trend === "falling" ? "Falling" : "Steady"}: gone in ${span(drainS)} at this rate.`;
  return "Steady: as much comes in as goes out.";
}

/** Whether a partition has caught up, or when it will have, in words. */
export function drained(line: Pick<LagLine, "records_behind" | "seconds_behind" | "drain_s" | "trouble">): string {
  if (line.records_behind === 0) return "yes";
  if (line.seconds_behind !== null && line.seconds_behind < UP_TO_DATE_S && !line.trouble) return "yes";
  return line.drain_s === null ? "never at this rate" : `in ${span(line.drain_s)}`;
}

/** Those that have something to tell first. */
export function ordered(lines: LagLine[]): LagLine[] {
  const weight = (line: LagLine) => (line.trouble ? Infinity : line.records_behind);
  return [...lines].sort(
    (one, other) =>
      weight(other) - weight(one) || one.topic.localeCompare(other.topic) || one.partition - other.partition,
  );
}

/** "8 partitions of 2 topics have nothing waiting". */
export function idle(lines: LagLine[]): string {
  const quiet = lines.filter((line) => line.records_behind === 0 && !line.trouble).length;
  return `${count(quiet)} of ${count(lines.length)} partitions have nothing waiting.`;
}
