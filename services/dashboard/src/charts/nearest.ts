import type { Bucket } from "../explore/traces";

/** The bucket that begins nearest to an instant; they are in order. */
export function nearest(buckets: Bucket[], at: number): Bucket | undefined {
  let low = 0;
  let high = buckets.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (buckets[middle]!.at < at) low = middle + 1;
    else high = middle;
  }
  const [before, after] = [buckets[low - 1], buckets[low]];
  return before && after && at - before.at <= after.at - at ? before : (after ?? before);
}
