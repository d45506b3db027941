/** What the overview shows, kept current: by live updates, else by asking. */
import { computed, ref, shallowRef } from "vue";
import { asProblem, get, type Problem, type StreamLine } from "../api";
import { useLive, type StateLine } from "../live";
import { Rate } from "../rate";
import { inOrder, isActive, progressOf, withStates } from "../streams";

const TOTALS_MS = 1_000;
const SHOWN_S = 120;

export interface Point {
  at: number;
  perS: number;
}

export function useOverview() {
  const streams = shallowRef<StreamLine[]>();
  const kept = ref<number>();
  const perS = ref<number>();
  const throughput = shallowRef<Point[]>([]);
  const problem = shallowRef<Problem>();
  const rates = shallowRef(new Map<string, number>());
  const noted = new Map<string, { run: number | null; rate: Rate }>();
  let total = new Rate();
  let asked = 0;
  let later: ReturnType<typeof setTimeout> | undefined;

  async function readTotals(): Promise<void> {
    asked = Date.now();
    const { row_count } = await get("/");
    const now = Date.now();
    kept.value = row_count;
    total.note(now, row_count);
    perS.value = total.perS;
    if (perS.value === undefined) return;
    const point = { at: now, perS: perS.value };
    throughput.value = [...throughput.value.filter(({ at }) => at > now - SHOWN_S * 1000), point];
  }

  /** After news: at most once a second, and once more for what came meanwhile. */
  function totalsSoon(): void {
    later ??= setTimeout(() => {
      later = undefined;
      readTotals().catch(() => undefined); // the connection's end tells more
    }, Math.max(0, asked + TOTALS_MS - Date.now()));
  }

  async function refresh(): Promise<void> {
    try {
      if (Date.now() - asked > 15_000) total = new Rate(); // nobody looked: no mean over the pause
      const [lines] = await Promise.all([get("/api/v1/streams"), readTotals()]);
      show(lines);
      problem.value = undefined;
    } catch (error) {
      problem.value = asProblem(error);
      throw error;
    }
  }

  function show(lines: StreamLine[]): void {
    for (const line of lines) {
      const published = progressOf(line).published;
      if (published === undefined || !line.updated_at) continue;
      const before = noted.get(line.id);
      const entry = before?.run === line.run ? before : { run: line.run, rate: new Rate() };
      entry.rate.note(Date.parse(line.updated_at), published);
      noted.set(line.id, entry);
    }
    streams.value = inOrder(lines);
    rates.value = new Map(
      lines.filter((line) => line.state === "running").flatMap((line) => {
        const rate = noted.get(line.id)?.rate.perS;
        return rate === undefined ? [] : [[line.id, rate]];
      }),
    );
  }

  function tell(lines: StateLine[]): void {
    const next = streams.value && withStates(streams.value, lines);
    if (next) show(next);
    else void refresh().catch(() => undefined);
    totalsSoon();
  }

  /** What a change answered, shown before the news of it come. */
  function changed(line: StreamLine): void {
    const others = (streams.value ?? []).filter(({ id }) => id !== line.id);
    show(line.desired === "deleted" && line.state !== "stopping" ? others : [...others, line]);
  }

  const running = computed(() => streams.value?.filter((line) => isActive(line) && !line.built_in).length);
  const live = useLive({ refresh, streams: tell, windows: totalsSoon });
  return { streams, kept, perS, throughput, rates, running, problem, live, changed };
}
