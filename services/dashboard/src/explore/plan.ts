/** Which requests a view needs: decided here, sent elsewhere, and told as CSV addresses and a line for curl. */
import { address } from "../api";
import { chosen, groups, type Group, type Member } from "./catalogue";
import { iso, TOGETHER, type Span, type Step, type View } from "./view";

export const CATEGORIES_A_REQUEST = 100;
/** More lines than that are no picture any more. */
export const GROUPS_MOST: Record<View["chart"], number> = { line: 24, bars: 100, heat: 6, histogram: 6, scatter: 2 };
export const ROWS_MOST = 10_000;

export interface Ask {
  path: "/api/v1/processed-data" | "/api/v1/raw-rows";
  query: Record<string, string | string[]>;
}

export interface Plan {
  groups: Group[];
  /** How many groups are not shown because there are too many. */
  left: number;
  range: Span;
  /** null: the whole range as one bucket. */
  step: Step | null;
  asks: Ask[];
}

const MINUTE = 60_000;
const PRESET_MS = { "1h": 60, "6h": 360, "24h": 1440, "7d": 10_080, "30d": 43_200 } as const;

/** undefined: nothing of what is chosen exists. `datasets` are streams whose rows can be asked for. */
export function planOf(view: View, members: Member[], datasets: ReadonlySet<string>): Plan | undefined {
  const all = groups(view.choices, members, view.chart === "scatter" ? TOGETHER : view.by);
  const shown = all.slice(0, GROUPS_MOST[view.chart]);
  if (!shown.length) return undefined;
  const series = shown.flatMap((group) => group.members);
  const range = rangeOf(view, series);
  const step = stepOf(view);
  const rows = view.chart === "scatter" ? rowsAsk(shown, range, datasets) : undefined;
  const asks = rows ? [rows] : windowAsks(series, range, step, view.zone);
  return { groups: shown, left: all.length - shown.length, range, step: rows ? null : step, asks };
}

/** Heat maps are by the hour; bars compare the whole range unless a step is chosen. */
export function stepOf(view: Pick<View, "chart" | "step">): Step | null {
  if (view.chart === "heat") return "1h";
  return view.chart === "bars" && view.step === "auto" ? null : view.step;
}

/** Whole minutes, as windows are. */
export function rangeOf(view: Pick<View, "range">, series: Member[]): Span {
  if (typeof view.range !== "string") return view.range;
  const end = floor(Math.max(...series.map((member) => member.last))) + MINUTE;
  const first = floor(Math.min(...series.map((member) => member.first)));
  return { start: view.range === "all" ? first : Math.max(first, end - PRESET_MS[view.range] * MINUTE), end };
}

/** A request as an address for CSV, whole. */
export function csvAddress(ask: Ask): string {
  const { limit: _, ...query } = ask.query;
  return address(ask.path, {}, { ...query, format: "csv" });
}

/** What a person can paste into a shell. `withKey`: the service wants one. */
export function curlLine(ask: Ask, origin: string, withKey: boolean): string {
  const key = withKey ? ` -H "Authorization: Bearer $TIDELINE_KEY"` : "";
  return `curl${key} ${quoted(origin + address(ask.path, {}, ask.query))}`;
}

function windowAsks(series: Member[], range: Span, step: Step | null, zone: string): Ask[] {
  const asks: Ask[] = [];
  for (const stream of new Set(series.map((member) => member.stream))) {
    const names = series.filter((member) => member.stream === stream).map((member) => member.category);
    for (let at = 0; at < names.length; at += CATEGORIES_A_REQUEST) {
      const category = names.slice(at, at + CATEGORIES_A_REQUEST);
      const when = { start: iso(range.start), end: iso(range.end) };
      const buckets: Ask["query"] = step === null ? {} : { step, tz: zone };
      asks.push({ path: "/api/v1/processed-data", query: { stream, category, ...when, ...buckets, limit: "10000" } });
    }
  }
  return asks;
}

/** Fields of the same row, where both groups are of one dataset. */
function rowsAsk(shown: Group[], range: Span, datasets: ReadonlySet<string>): Ask | undefined {
  const [x, y] = shown;
  if (!x || !y || x.stream !== y.stream || !datasets.has(x.stream)) return undefined;
  const labels = shown.flatMap((group) => group.members.flatMap((member) => Object.keys(member.labels)));
  const fields = [...new Set([x.name, y.name, ...labels])];
  if (fields.some((field) => field.includes(","))) return undefined;
  const when = { start: iso(range.start), end: iso(range.end) };
  return {
    path: "/api/v1/raw-rows",
    query: { stream: x.stream, fields: fields.join(","), ...when, limit: String(ROWS_MOST) },
  };
}

/** Choices of which nothing is known: a stream that was deleted, or has no data yet. */
export function unknownChoices(view: View, members: Member[]): string[] {
  return view.choices.filter((one) => !chosen(one, members).length).map((one) => `${one.stream}: ${one.name}`);
}

function floor(at: number): number {
  return at - (at % MINUTE);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
