/** Views that are worth a first look, derived from which series there are. Pure. */
import { withoutCommon, type Measure } from "./catalogue";
import { grouped } from "./grouped";
import { TOGETHER, type Chart, type Preset, type Step, type View } from "./view";

export interface Ready {
  title: string;
  /** What to look for, in a sentence. */
  about: string;
  stream: string;
  view: View;
}

interface Idea {
  title: string;
  about: string;
  names: string[];
  chart?: Chart;
  step?: Step;
  range?: Preset;
  by?: string | null;
}

const REJECT = /(^|[._-])reject(ed)?$/i;
const VARIABLE = [/cycle_?time$/i, /(^|[._-])temp(erature)?/i, /pressure/i, /speed|power|vibration/i];
const DAY_MS = 86_400_000;

/** The views of all streams, those with most to tell first. `prices`: streams of that kind. */
export function readyViews(measures: Measure[], zone: string, isPrices: (stream: string) => boolean): Ready[] {
  const streams = grouped(measures, (measure) => measure.stream);
  const found = [...streams].map(([stream, mine]) =>
    ideas(mine, isPrices(stream)).map((idea) => readyOf(idea, stream, zone)),
  );
  return found.sort((one, other) => other.length - one.length).flat();
}

function ideas(mine: Measure[], prices: boolean): Idea[] {
  const names = mine.map((measure) => measure.name);
  if (names.includes("cpu_percent")) return host(names);
  if (prices) return [{ title: "Prices per day", about: "The average of each day, and how far it went up and down.", names, step: "1d" }];
  const inspected = inspections(mine);
  return inspected.length ? inspected : anything(mine);
}

/** Whatever inspects things says of each what was wrong with it. */
function inspections(mine: Measure[]): Idea[] {
  const rejects = mine.map((measure) => measure.name).filter((name) => REJECT.test(name));
  if (!rejects.length) return [];
  const depth = (name: string) => name.split(".").length;
  const least = Math.min(...rejects.map(depth));
  const overall = rejects.filter((name) => depth(name) === least);
  const deeper = rejects.filter((name) => depth(name) > least);
  const kinds = deeper.filter((name) => depth(name) === Math.min(...deeper.map(depth)));
  const found: Idea[] = [];
  if (overall.length <= 3) {
    const about = "The share of what was inspected that was rejected.";
    found.push({ title: "Reject rate per day", about, names: overall, chart: "bars", step: "1d", by: TOGETHER });
  }
  if (kinds.length > 1) {
    const about = "How often each kind was the reason: the longest bar first.";
    found.push({ title: "Defect kinds compared", about, names: kinds, chart: "bars", by: TOGETHER });
  }
  const variable = variableOf(mine);
  if (variable) found.push(overTime(variable));
  const split = overall[0] && mine.find((measure) => measure.name === overall[0] && measure.members.length > 1);
  const label = split && Object.keys(split.members[0]!.labels)[0];
  if (label) {
    const about = "Which one rejects the most.";
    found.push({ title: `Reject rate by ${spoken(label)}`, about, names: [split.name], chart: "bars", by: label });
  }
  return found;
}

function host(names: string[]): Idea[] {
  const load = names.filter((name) => name.endsWith("_percent"));
  const flow = names.filter((name) => name.endsWith("_bytes_per_s"));
  return [
    { title: "This machine's load", about: "Processor, memory and disk, as they are now.", names: load, range: "6h" },
    { title: "Network and disk traffic", about: "Bytes a second, in and out.", names: flow, range: "6h" },
  ].filter((idea) => idea.names.length) as Idea[];
}

function anything(mine: Measure[]): Idea[] {
  const found: Idea[] = [];
  const variable = variableOf(mine) ?? mine[0]!;
  const names = mine.slice(0, 6).map((measure) => measure.name);
  if (mine.length > 1) found.push({ title: "All at a glance", about: "Each on its own scale.", names, by: TOGETHER });
  else found.push(overTime(variable));
  if (lasts(variable) > 2 * DAY_MS) {
    const about = "Which hours differ, and which days.";
    found.push({ title: `${last(variable.name)}, hour by hour`, about, names: [variable.name], chart: "heat", by: TOGETHER });
  }
  return found;
}

function overTime(variable: Measure): Idea {
  const label = Object.keys(variable.members[0]?.labels ?? {})[0];
  const title = label ? `${last(variable.name)} by ${spoken(label)}` : `${last(variable.name)} over time`;
  const about = label ? "A line for each of them." : "The average, and the band between least and most.";
  return { title, about, names: [variable.name], by: label ?? null };
}

function variableOf(mine: Measure[]): Measure | undefined {
  const name = worthSeeing(mine.map((measure) => measure.name));
  return mine.find((measure) => measure.name === name);
}

/** Which of many a person would look at first: something that a machine does or feels; undefined: any. */
export function worthSeeing(names: string[]): string | undefined {
  return VARIABLE.map((pattern) => names.find((name) => pattern.test(name))).find((found) => found);
}

function readyOf(idea: Idea, stream: string, zone: string): Ready {
  const { title, about, names, chart = "line", step = "auto", range = "all", by = null } = idea;
  const choices = names.map((name) => ({ stream, name }));
  return { title, about, stream, view: { choices, range, step, zone, chart, by, hidden: [], at: null } };
}

function lasts(measure: Measure): number {
  const ends = measure.members.map((member) => member.last);
  return Math.max(...ends) - Math.min(...measure.members.map((member) => member.first));
}

/** `molding-machine-state.CycleTime` → `CycleTime`. */
function last(name: string): string {
  return withoutCommon([name])[0]!.split(".").at(-1)!;
}

function spoken(label: string): string {
  return label.split(".").at(-1)!.replace(/_?id$/i, "").replaceAll("_", " ").trim() || label;
}
