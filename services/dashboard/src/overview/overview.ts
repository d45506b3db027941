/** What the overview shows, kept current: by live updates, else by asking. */
import { computed, ref, shallowRef } from "vue";
import { asProblem, get, type Problem, type StreamLine } from "../api";
import { useLive, type StateLine } from "../live";
import { Rate } from "../rate";
import { whileShown } from "../shown";
import { soon } from "../soon";
import { inOrder, isActive, placeOf, progressOf, withStates } from "../streams";

const NEWS_MS = 2_000;
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
  /** Where each was when the page came to the front. */
  const places = new Map<string, number>();
  const noted = new Map<string, { run: number | null; rate: Rate }>();
  let total = new Rate();
  let asked = 0;

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

  async function refresh(): Promise<void> {
    try {
      if (Date.now() - asked > 15_000) total = new Rate(); // nobody looked: no mean over the pause
      const [lines] = await Promise.all([get("/api/v1/streams"), readTotals()]);
      for (const line of lines) if (line.kind === "external") note(line, Date.now(), line.row_count);
      show(lines);
      problem.value = undefined;
    } catch (error) {
      problem.value = asProblem(error);
      throw error;
    }
  }

  function note(line: StreamLine, at: number, events: number | null | undefined): void {
    if (events == null) return;
    const before = noted.get(line.id);
    const entry = before?.run === line.run ? before : { run: line.run, rate: new Rate() };
    entry.rate.note(at, events);
    noted.set(line.id, entry);
  }

  function show(lines: StreamLine[]): void {
    for (const line of lines) if (line.updated_at) note(line, Date.parse(line.updated_at), progressOf(line).published);
    streams.value = inOrder(lines, places);
    for (const line of lines) if (!places.has(line.id)) places.set(line.id, placeOf(line));
    rates.value = new Map(
      lines.filter((line) => line.state === "running" || line.kind === "external").flatMap((line) => {
        const rate = noted.get(line.id)?.rate.perS;
        return rate === undefined ? [] : [[line.id, rate]];
      }),
    );
  }

  function tell(lines: StateLine[]): void {
    const next = streams.value && withStates(streams.value, lines);
    if (next) show(next);
    else void refresh().catch(() => undefined);
    refreshSoon();
  }

  /** What a change answered, shown before the news of it come. */
  function changed(line: StreamLine): void {
    const lines = streams.value ?? [];
    const others = lines.filter(({ id }) => id !== line.id);
    const { row_count } = lines.find(({ id }) => id === line.id) ?? {};
    show(line.desired === "deleted" && line.state !== "stopping" ? others : [...others, { row_count, ...line }]);
  }

  whileShown(() => places.clear(), () => undefined);
  const refreshSoon = soon(refresh, NEWS_MS);
  const running = computed(() => streams.value?.filter((line) => isActive(line) && line.state !== "paused"));
  const live = useLive({ refresh, streams: tell, windows: refreshSoon });
  return { streams, kept, perS, throughput, rates, running, problem, live, changed };
}
