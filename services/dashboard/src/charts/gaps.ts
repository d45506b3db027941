/** Where a line must break, since nothing was measured between two values. Pure. */

const LONG = 10;
const LEAST_MS = 5_000;

/** Points in the order of time, with a hole wherever two lie ten times further apart than they mostly do. */
export function withGaps(points: (readonly [at: number, value: number])[]): [number, number | null][] {
  const apart = points.slice(1).map(([at], index) => at - points[index]![0]);
  const usual = apart.toSorted((one, other) => one - other)[apart.length >> 1] ?? 0;
  const most = Math.max(LEAST_MS, LONG * usual);
  return points.flatMap(([at, value], index): [number, number | null][] => {
    const before = points[index - 1]?.[0] ?? at;
    return at - before > most ? [[before + 1, null], [at, value]] : [[at, value]];
  });
}
