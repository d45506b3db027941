/** Which traces share a scale: the same unit, and values of about the same size, so that no line is flat. */
import type { Trace } from "../explore/traces";

export const PANELS_MOST = 6;
/** A line that fills less of its panel looks flat. */
const LEAST_SHARE = 0.12;

interface Panel {
  low: number;
  high: number;
  /** The least spread of its lines. */
  spread: number;
  traces: Trace[];
}

/** The traces of each panel, in the order of their first ones. */
export function panels(traces: Trace[]): Trace[][] {
  const found: Panel[] = [];
  for (const trace of traces) {
    const mine = panelOf(trace);
    const fits = found.find((panel) => shares(panel, mine)) ?? (found.length >= PANELS_MOST ? found.at(-1) : undefined);
    if (fits) Object.assign(fits, joined(fits, mine));
    else found.push(mine);
  }
  return found.map((panel) => panel.traces);
}

/** Shares and percentages have a scale of their own; the same value of several machines is there to be compared. */
function shares(one: Panel, other: Panel): boolean {
  const [first, second] = [one.traces[0]!, other.traces[0]!];
  if (first.unit !== second.unit) return false;
  if (first.unit === "share" || first.unit === "percent" || first.group.name === second.group.name) return true;
  const both = joined(one, other);
  return both.spread >= LEAST_SHARE * (both.high - both.low);
}

function joined(one: Panel, other: Panel): Panel {
  return {
    low: Math.min(one.low, other.low),
    high: Math.max(one.high, other.high),
    spread: Math.min(one.spread, other.spread),
    traces: [...one.traces, ...other.traces],
  };
}

function panelOf(trace: Trace): Panel {
  let [low, high] = [Infinity, -Infinity];
  for (const { average } of trace.buckets) {
    low = Math.min(low, average);
    high = Math.max(high, average);
  }
  return { low, high, spread: Math.max(0, high - low), traces: [trace] };
}
