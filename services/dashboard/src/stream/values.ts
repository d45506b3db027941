/** The values of a stream as they come, on top of those that were there. */
import { computed, shallowRef, watch, type Ref } from "vue";
import { address, asProblem, get, type Problem } from "../api";
import { useEvents } from "../events";
import { worthSeeing } from "../explore/ready";
import { byName } from "../streams";

export interface Value {
  timestamp: string;
  category: string;
  value: number;
}

const SHOWN = 300;
const LATEST = 8;
/** So many are read at first: enough to have a value of each category, mostly. */
const READ = 1_000;
const GATHER_MS = 250;

function at(value: Value): number {
  return Date.parse(value.timestamp);
}

/** Values of one category in the order of time, without those that are there already; the oldest are dropped. */
export function appended(before: Value[], news: Value[], most = SHOWN): Value[] {
  const last = before.at(-1)?.timestamp ?? "";
  const later = news.filter(({ timestamp }) => Date.parse(timestamp) > (last ? Date.parse(last) : -Infinity));
  return later.length ? [...before, ...later].slice(-most) : before;
}

export function useValues(stream: string, category: Ref<string | undefined>) {
  const categories = shallowRef<string[]>();
  const newest = shallowRef(new Map<string, Value>());
  const latest = shallowRef<Value[]>([]);
  const series = shallowRef<Value[]>();
  const problem = shallowRef<Problem>();
  let waiting: Value[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;

  const chosen = computed(() => {
    const wanted = category.value;
    const all = categories.value ?? [];
    return wanted !== undefined && all.includes(wanted) ? wanted : (worthSeeing(all) ?? all[0]);
  });

  async function readAll(): Promise<void> {
    try {
      const [lines, readings] = await Promise.all([
        get("/api/v1/series", { query: { stream, limit: 10_000 } }),
        get("/api/v1/raw-data", { query: { stream, limit: READ } }),
      ]);
      categories.value = lines.map((line) => line.category).sort(byName);
      latest.value = readings.slice(0, LATEST);
      newest.value = new Map(readings.toReversed().map((reading) => [reading.category, reading]));
      await readSeries();
    } catch (error) {
      problem.value = asProblem(error);
    }
  }

  async function readSeries(): Promise<void> {
    const wanted = chosen.value;
    if (wanted === undefined) return;
    try {
      const readings = await get("/api/v1/raw-data", { query: { stream, category: [wanted], limit: SHOWN } });
      if (wanted !== chosen.value) return;
      series.value = readings.toReversed();
      if (readings[0] && !newest.value.has(wanted)) newest.value = new Map([...newest.value, [wanted, readings[0]]]);
      problem.value = undefined;
    } catch (error) {
      problem.value = asProblem(error);
    }
  }

  /** Many values come at once: the page is drawn once for all of them. */
  function come(event: MessageEvent<string>): void {
    waiting.push(JSON.parse(event.data) as Value);
    timer ??= setTimeout(show, GATHER_MS);
  }

  function show(): void {
    const news = waiting;
    waiting = [];
    timer = undefined;
    const byTime = [...newest.value.values(), ...news].sort((one, other) => at(one) - at(other));
    newest.value = new Map(byTime.map((value) => [value.category, value]));
    latest.value = [...latest.value, ...news].sort((one, other) => at(other) - at(one)).slice(0, LATEST);
    const known = new Set(categories.value);
    if (news.some((value) => !known.has(value.category))) void readAll();
    series.value = appended(series.value ?? [], news.filter((value) => value.category === chosen.value));
  }

  watch(chosen, (_, before) => {
    if (before !== undefined) {
      series.value = undefined;
      void readSeries();
    }
  });
  useEvents(address("/stream/{batch_id}", { batch_id: stream }), { message: come }, () => void readAll());
  return { categories, newest, latest, series, chosen, problem };
}
