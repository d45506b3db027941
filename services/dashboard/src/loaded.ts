/** Data that a view asks for and keeps: what was there stays on the screen while newer is on its way. */
import { ref, shallowRef, type Ref, type ShallowRef } from "vue";
import { asProblem, type Problem } from "./api";
import { whileShown } from "./shown";

export interface Loaded<T> {
  /** The newest answer; undefined before the first. */
  data: ShallowRef<T | undefined>;
  /** Why the last request failed; undefined after one that did not. `data` stays. */
  problem: ShallowRef<Problem | undefined>;
  loading: Ref<boolean>;
  /** When `data` arrived. */
  at: ShallowRef<Date | undefined>;
  /** Ask now; an answer to an earlier request is no longer waited for. */
  reload(): Promise<void>;
}

/** What may be otherwise in a moment: nobody answered, or something behind it is away. */
const PASSING = [0, 502, 503];
const RETRY_MS = 3_000;

/** Load when the view comes to the front, then every `everyS` seconds while it stays there (0: once; again after a
 * failure that passes). */
export function useLoaded<T>(load: (signal: AbortSignal) => Promise<T>, everyS = 0): Loaded<T> {
  const data = shallowRef<T>();
  const problem = shallowRef<Problem>();
  const at = shallowRef<Date>();
  const loading = ref(false);
  let asking: AbortController | undefined;
  let timer: ReturnType<typeof setInterval> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;

  async function reload(): Promise<void> {
    clearTimeout(retry);
    asking?.abort();
    const mine = (asking = new AbortController());
    loading.value = true;
    try {
      const answer = await load(mine.signal);
      if (asking !== mine) return;
      data.value = answer;
      at.value = new Date();
      problem.value = undefined;
    } catch (error) {
      if (asking !== mine) return;
      problem.value = asProblem(error);
      if (!everyS && PASSING.includes(problem.value.status)) retry = setTimeout(() => void reload(), RETRY_MS);
    }
    asking = undefined;
    loading.value = false;
  }

  whileShown(
    () => {
      void reload();
      if (everyS) timer = setInterval(() => asking || void reload(), everyS * 1000);
    },
    () => {
      clearInterval(timer);
      clearTimeout(retry);
      asking?.abort();
      asking = undefined;
      loading.value = false;
    },
  );
  return { data, problem, loading, at, reload };
}
