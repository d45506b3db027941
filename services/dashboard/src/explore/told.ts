/** What is shown, in words. */
import { count } from "../numbers";
import { moment, zoneName } from "../times";
import { withoutCommon, type Group } from "./catalogue";
import type { Shown } from "./load";
import type { Span } from "./view";
import { clockAt, instantOf } from "./zones";

const STEP_MS: Record<string, number> = { "1m": 60_000, "5m": 300_000, "15m": 900_000, "1h": 3_600_000, "1d": 86_400_000 };
const ROW_MS = 1_000;
const STEP_WORDS: Record<string, [one: string, many: string]> = {
  "1m": ["minute", "minutes"],
  "5m": ["bucket of 5 minutes", "buckets of 5 minutes"],
  "15m": ["bucket of 15 minutes", "buckets of 15 minutes"],
  "1h": ["hour", "hours"],
  "1d": ["day", "days"],
};

/** "14 Nov 2026, 05:07 to 21 Nov 2026, 05:20, Europe/Berlin (GMT+1) · 672 buckets of 15 minutes". */
export function described({ view: { zone }, plan, step, traces, dots, rows }: Shown): string {
  const { start, end } = plan.range;
  const when = `${period({ start, end }, zone)}, ${zoneName(zone, new Date(start))}`;
  if (rows) return `${when} · ${count(dots.length)} rows, the newest`;
  const most = Math.max(0, ...traces.map((trace) => trace.buckets.length));
  const [one, many] = (step && STEP_WORDS[step]) || ["bucket", "buckets"];
  return step ? `${when} · ${count(most)} ${most === 1 ? one : many}` : when;
}

/** "14 Nov 2026, 05:07 to 21 Nov 2026, 05:20"; the day stands once where it is one. */
export function period({ start, end }: Span, zone: string): string {
  const [from, to] = [minute(start, zone), minute(end, zone)];
  const [day, time] = to.split(", ") as [string, string];
  return `${from} to ${from.startsWith(day) ? time : to}`;
}

/** "CycleTime, MeltTemp and 3 more", of "molding". */
export function headed(groups: Group[], most = 3): { title: string; streams: string } {
  const names = withoutCommon([...new Set(groups.map((group) => group.name))]);
  const more = names.length - most;
  const title = more > 0 ? `${names.slice(0, most).join(", ")} and ${count(more)} more` : names.join(", ");
  return { title, streams: [...new Set(groups.map((group) => group.stream))].join(", ") };
}

/** How long the bucket that begins at `at` is: a local day may have 23 or 25 hours. Of a row: a second. */
export function bucketLength(step: string | null, at: number, zone: string): number {
  if (step === "1d") {
    const { year, month, day } = clockAt(at, zone);
    return instantOf(Date.UTC(year, month - 1, day + 1), zone) - at;
  }
  return (step && STEP_MS[step]) || ROW_MS;
}

function minute(at: number, zone: string): string {
  return moment(at, zone).replace(/:\d\d$/, "");
}
