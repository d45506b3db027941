/** What has the same key, in order (Map.groupBy, which Node 20 does not have). */
export function grouped<K, T>(all: Iterable<T>, key: (one: T) => K): Map<K, T[]> {
  const found = new Map<K, T[]>();
  for (const one of all) {
    const mine = found.get(key(one));
    if (mine) mine.push(one);
    else found.set(key(one), [one]);
  }
  return found;
}
