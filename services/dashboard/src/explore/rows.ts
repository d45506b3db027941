/** Dataset rows: the fields that were asked for. Pure. */
import type { Schemas } from "../api";
import type { Dot } from "../charts/scatter";
import type { Group } from "./catalogue";

/** Rows that have both fields, of the series that were chosen. */
export function dotsOf(lines: Schemas["RowLine"][], [x, y]: Group[], by: string | null): Dot[] {
  if (!x || !y) return [];
  const wanted = new Set(x.members.map((member) => JSON.stringify(member.labels)));
  const names = Object.keys(x.members[0]?.labels ?? {});
  return lines.flatMap(({ data, timestamp }) => {
    const labels = Object.fromEntries(names.flatMap((name) => (data[name] == null ? [] : [[name, String(data[name])]])));
    const [one, other] = [numberOf(data[x.name]), numberOf(data[y.name])];
    if (one === null || other === null || !wanted.has(JSON.stringify(labels))) return [];
    return [{ x: one, y: other, at: Date.parse(timestamp), label: (by && labels[by]) || "" }];
  });
}

function numberOf(value: unknown): number | null {
  if (typeof value === "boolean") return Number(value);
  return typeof value === "number" ? value : null;
}

/** The value of a dotted name, nested or not. */
export function fieldOf(data: unknown, name: string): unknown {
  if (typeof data !== "object" || data === null) return undefined;
  for (const [key, value] of Object.entries(data)) {
    if (key === name) return value;
    if (name.startsWith(`${key}.`)) {
      const inner = fieldOf(value, name.slice(key.length + 1));
      if (inner !== undefined) return inner;
    }
  }
  return undefined;
}
