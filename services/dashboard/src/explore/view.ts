/** What Explore shows, and the address that says so: all of it is in the address, so that a view can be shared. */
import type { LocationQuery, LocationQueryRaw } from "vue-router";

export const CHARTS = ["line", "bars", "heat", "histogram", "scatter"] as const;
export const STEPS = ["auto", "1m", "5m", "15m", "1h", "1d"] as const;
export const PRESETS = ["all", "1h", "6h", "24h", "7d", "30d"] as const;

export type Chart = (typeof CHARTS)[number];
export type Step = (typeof STEPS)[number];
export type Preset = (typeof PRESETS)[number];
/** Half-open, in milliseconds since 1970. */
export interface Span {
  start: number;
  end: number;
}

/** One series, or all series of a name that differ in their labels. */
export interface Choice {
  stream: string;
  name: string;
}

export interface View {
  choices: Choice[];
  /** A preset counts back from the newest reading of what is chosen. */
  range: Preset | Span;
  step: Step;
  zone: string;
  chart: Chart;
  /** null: each series on its own; TOGETHER: those of a name as one; else the label to group by. */
  by: string | null;
  /** Keys of the groups that are left out of the picture. */
  hidden: string[];
  /** Start of the bucket whose raw records are shown. */
  at: number | null;
}

export const TOGETHER = "*";

export function viewOf(query: LocationQuery, localZone: string): View {
  const start = instant(one(query["start"]));
  const end = instant(one(query["end"]));
  return {
    choices: many(query["series"]).flatMap(choiceOf),
    range: start !== null && end !== null && start < end ? { start, end } : known(PRESETS, query["range"], "all"),
    step: known(STEPS, query["step"], "auto"),
    zone: zoneOf(one(query["tz"])) ?? localZone,
    chart: known(CHARTS, query["chart"], "line"),
    by: one(query["by"]),
    hidden: many(query["hide"]),
    at: instant(one(query["at"])),
  };
}

/** The query of a view; what is usual is left out, but never the zone: days and hours differ with it. */
export function queryOf(view: View): LocationQueryRaw {
  if (!view.choices.length) return {};
  const { range } = view;
  return {
    series: view.choices.map((choice) => `${choice.stream}:${choice.name}`),
    ...(typeof range === "string" ? (range === "all" ? {} : { range }) : { start: iso(range.start), end: iso(range.end) }),
    ...(view.step === "auto" ? {} : { step: view.step }),
    ...(view.chart === "line" ? {} : { chart: view.chart }),
    ...(view.by === null ? {} : { by: view.by }),
    ...(view.hidden.length ? { hide: view.hidden } : {}),
    ...(view.at === null ? {} : { at: iso(view.at) }),
    tz: view.zone,
  };
}

/** RFC 3339 in UTC, without a fraction where there is none. */
export function iso(at: number): string {
  return new Date(at).toISOString().replace(".000Z", "Z");
}

export function sameChoice(one: Choice, other: Choice): boolean {
  return one.stream === other.stream && one.name === other.name;
}

function choiceOf(text: string): Choice[] {
  const colon = text.indexOf(":"); // no stream's id has one
  return colon > 0 && colon < text.length - 1 ? [{ stream: text.slice(0, colon), name: text.slice(colon + 1) }] : [];
}

function one(given: LocationQuery[string] | undefined): string | null {
  return (Array.isArray(given) ? given[0] : given) || null;
}

function many(given: LocationQuery[string] | undefined): string[] {
  const texts = (Array.isArray(given) ? given : [given]).filter((text) => typeof text === "string");
  return [...new Set(texts)];
}

function known<T extends string>(all: readonly T[], given: LocationQuery[string] | undefined, usual: T): T {
  return all.find((value) => value === one(given)) ?? usual;
}

function instant(text: string | null): number | null {
  const at = text === null ? NaN : Date.parse(text);
  return Number.isNaN(at) ? null : at;
}

function zoneOf(name: string | null): string | null {
  try {
    return name && new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone && name;
  } catch {
    return null;
  }
}
