/** Sends what a plan asks for, and makes of the answers what charts draw. */
import { address, open, type BucketLine, type Schemas } from "../api";
import type { Dot } from "../charts/scatter";
import { memberOf, type Member, type SeriesLine } from "./catalogue";
import type { Ask, Plan } from "./plan";
import { dotsOf } from "./rows";
import type { View } from "./view";
import { pairs, tracesOf, type Trace, type WindowLine } from "./traces";

export interface Shown {
  /** The view that this is of, which may not be the newest. */
  view: View;
  plan: Plan;
  traces: Trace[];
  /** The step that the API took; null: none. */
  step: string | null;
  dots: Dot[];
  /** Whether the dots are rows, else buckets. */
  rows: boolean;
}

/** Pages of 10,000 lines; more than this is no chart. */
const PAGES_MOST = 30;
const NEXT = /<([^>]+)>;\s*rel="next"/;

export async function allSeries(signal: AbortSignal): Promise<Member[]> {
  const { lines } = await everyPage<SeriesLine>(address("/api/v1/series", {}, { limit: 10_000 }), signal);
  return lines.map(memberOf);
}

export async function load(plan: Plan, view: View, signal: AbortSignal): Promise<Shown> {
  const [first] = plan.asks;
  if (first?.path === "/api/v1/raw-rows") {
    const { lines } = await onePage<Schemas["RowLine"]>(url(first), signal);
    return { view, plan, traces: [], step: null, dots: dotsOf(lines, plan.groups, view.by), rows: true };
  }
  const answers = await Promise.all(plan.asks.map((ask) => everyPage<WindowLine | BucketLine>(url(ask), signal)));
  const traces = tracesOf(plan.groups, answers.flatMap((answer) => answer.lines));
  const [x, y] = traces;
  const dots = x && y ? pairs(x, y).map((pair) => ({ ...pair, label: "" })) : [];
  return { view, plan, traces, step: answers[0]?.step ?? null, dots, rows: false };
}

function url(ask: Ask): string {
  return address(ask.path, {}, ask.query);
}

async function everyPage<Line>(first: string, signal: AbortSignal): Promise<{ lines: Line[]; step: string | null }> {
  const lines: Line[] = [];
  let step: string | null = null;
  let next: string | null = first;
  for (let page = 0; next && page < PAGES_MOST; page += 1) {
    const answer: Page<Line> = await onePage<Line>(next, signal);
    for (const line of answer.lines) lines.push(line);
    step = answer.step;
    next = answer.next;
  }
  return { lines, step };
}

export interface Page<Line> {
  lines: Line[];
  next: string | null;
  step: string | null;
}

export async function onePage<Line>(from: string, signal: AbortSignal): Promise<Page<Line>> {
  const answer = await open(from, { signal, headers: { Accept: "application/json" } });
  const next = NEXT.exec(answer.headers.get("Link") ?? "")?.[1];
  const step = answer.headers.get("Tideline-Step");
  return { lines: (await answer.json()) as Line[], next: next ? here(next) : null, step };
}

/** The same on our own origin, whatever name the service goes by. */
function here(link: string): string {
  const { pathname, search } = new URL(link, location.origin);
  return pathname + search;
}
