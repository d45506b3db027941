/** One stream, kept current: what it is and does, and whether it is there at all. */
import { computed, ref, shallowRef } from "vue";
import { asProblem, get, type Problem, type StreamLine } from "../api";
import { useLive, type StateLine } from "../live";
import { Rate } from "../rate";
import { progressOf, withStates } from "../streams";

export function useStream(id: string) {
  const line = shallowRef<StreamLine>();
  const problem = shallowRef<Problem>();
  const perS = ref<number>();
  let rate = new Rate();

  async function refresh(): Promise<void> {
    try {
      show(await get("/api/v1/streams/{stream}", { path: { stream: id } }));
      problem.value = undefined;
    } catch (error) {
      problem.value = asProblem(error);
      if (problem.value.status === 404) line.value = undefined; // an answer: it is not there
      else throw error;
    }
  }

  function show(next: StreamLine): void {
    if (next.run !== line.value?.run) rate = new Rate();
    const { published } = progressOf(next);
    if (published !== undefined && next.updated_at) rate.note(Date.parse(next.updated_at), published);
    perS.value = next.state === "running" ? rate.perS : undefined;
    line.value = next;
  }

  function tell(lines: StateLine[]): void {
    const mine = lines.filter(({ stream }) => stream === id);
    const next = line.value && withStates([line.value], mine)?.[0];
    if (next) show(next);
    else if (mine.length) void refresh().catch(() => undefined);
  }

  const unknown = computed(() => problem.value?.status === 404);
  const live = useLive({ stream: id, refresh, streams: tell });
  return { line, perS, problem, unknown, live, show };
}
