/** What an audit found, in words. */
import type { Schemas } from "../api";
import { count } from "../numbers";
import { moment } from "../times";

type Finding = Schemas["AuditFinding"];
type Result = Schemas["AuditBody"]["result"];

export const RESULTS: Record<Result, { tone: "good" | "warn" | "bad"; mark: string; words(findings: number): string }> = {
  PASS: { tone: "good", mark: "✓", words: () => "Everything that was looked at holds." },
  DIFFERS: { tone: "bad", mark: "✗", words: (findings) => `${count(findings)} places are not what they should be.` },
  INCOMPLETE: { tone: "warn", mark: "…", words: () => "Nothing differs, but not everything could be looked at." },
};

/** "readings, partition 3, offsets 10 to 19; lab-3 temperature at 2 Jan 2026, 03:04:00". */
export function where(finding: Finding): string {
  const { topic, partition, first_offset: first, next_offset: next, stream, category, minute, id, table } = finding;
  const offsets = first == null ? "" : next == null || next === first + 1 ? `offset ${first}` : `offsets ${first} to ${next - 1}`;
  const log = [topic, partition == null ? "" : `partition ${partition}`, offsets].filter(Boolean).join(", ");
  const series = [stream, category, minute && `at ${moment(minute)}`].filter(Boolean).join(" ");
  return [log, series, id && `event ${id}`, table && `table ${table}`].filter(Boolean).join("; ");
}

/** `count 6, sum 12`. */
export function sides(values: Record<string, unknown>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value === null ? "none" : typeof value === "object" ? JSON.stringify(value) : value}`)
    .join(", ");
}
