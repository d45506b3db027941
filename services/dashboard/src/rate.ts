/** How fast a count grows, told from when it was what: over the last 20 s. */

const WINDOW_MS = 20_000;
const LEAST_MS = 900;

export class Rate {
  private points: { at: number; count: number }[] = [];

  /** The count was this then. A smaller one than before begins anew: another run, or data was deleted. */
  note(at: number, count: number): void {
    const last = this.points.at(-1);
    if (last && at <= last.at) return;
    if (last && count < last.count) this.points = [];
    this.points.push({ at, count });
    while (this.points.length > 2 && at - this.points[1]!.at >= WINDOW_MS) this.points.shift();
  }

  /** Per second; undefined before there are two counts that are far enough apart. */
  get perS(): number | undefined {
    const [first, last] = [this.points[0], this.points.at(-1)];
    return first && last && last.at - first.at >= LEAST_MS ? ((last.count - first.count) * 1000) / (last.at - first.at) : undefined;
  }
}
