/** One stream, kept current: what it is and does, and whether it is there at all. */
import { computed, ref, shallowRef } from "vue";
import { asProblem, get, type Problem, type StreamLine } from "../api";
import { useLive, type StateLine } from "../live";
import { Rate } from "../rate";
import { soon } from "../soon";
import { progressOf, withStates } from "../streams";

const NEWS_MS = 2_000;

export function useStream(id: string) {
  const line = shallowRef<StreamLine>();
  const problem = shallowRef<Problem>();
  const perS = ref<number>();
  let rate = new Rate();

  async function refresh(): Promise<void> {
    try {
      const next = await get("/api/v1/streams/{stream}", { path: { stream: id } });
      if (next.kind === "external") rate.note(Date.now(), next.row_count ?? 0);
      show(next);
      problem.value = undefined;
    } catch (error) {
      problem.value = asProblem(error);
      if (problem.value.status === 404) line.value = undefined; // an answer: it is not there
      else throw error;
    }
  }

  function show(next: StreamLine): void {
    if (line.value && next.run !== line.value.run) rate = new Rate();
    const { published } = progressOf(next);
    if (published !== undefined && next.updated_at) rate.note(Date.parse(next.updated_at), published);
    perS.value = next.state === "running" || next.kind === "external" ? rate.perS : undefined;
    line.value = { row_count: line.value?.row_count, ...next };
  }

  function tell(lines: StateLine[]): void {
    const mine = lines.filter(({ stream }) => stream === id);
    const next = line.value && withStates([line.value], mine)?.[0];
    if (next) show(next);
    else if (mine.length) void refresh().catch(() => undefined);
  }

  const unknown = computed(() => problem.value?.status === 404);
  const live = useLive({ stream: id, refresh, streams: tell, windows: soon(refresh, NEWS_MS) });
  return { line, perS, problem, unknown, live, show };
}
