/** News come faster than anybody reads: what they set off is done at once, then again after a while for those that came
 * meanwhile. */
export function soon(work: () => Promise<unknown>, everyMs: number): () => void {
  let last = 0;
  let later: ReturnType<typeof setTimeout> | undefined;
  return () => {
    later ??= setTimeout(() => {
      later = undefined;
      last = Date.now();
      work().catch(() => undefined); // the connection's end tells more
    }, Math.max(0, last + everyMs - Date.now()));
  };
}
