/** What Explore shows: the view that the address says, what there is to choose, and the data of what is chosen. */
import { computed, ref, watch, type ComputedRef, type Ref } from "vue";
import { useRoute, useRouter } from "vue-router";
import { get } from "../api";
import { useLoaded } from "../loaded";
import { localZone } from "../times";
import { labelNames, measures } from "./catalogue";
import { allSeries, load } from "./load";
import { planOf, unknownChoices } from "./plan";
import { readyViews } from "./ready";
import { queryOf, viewOf, type View } from "./view";

const PATH = "/explore";
const CATALOGUE_S = 15;

/** The view of the address, and how to go to another one: Back leads to this one again. */
export function useView(): { view: Ref<View>; change(next: Partial<View>): void } {
  const route = useRoute();
  const router = useRouter();
  const view = ref(viewOf(route.query, localZone()));
  watch(
    () => route.fullPath,
    () => {
      if (route.path === PATH) view.value = viewOf(route.query, localZone()); // kept aside it keeps its view
    },
  );
  return { view, change: (next) => void router.push({ path: PATH, query: queryOf({ ...view.value, ...next }) }) };
}

/** Which series there are, looked at again every few seconds, and what they are worth looking at as. */
export function useCatalogue(view: Ref<View>) {
  const known = useLoaded(async (signal) => {
    const [members, streams] = await Promise.all([allSeries(signal), get("/api/v1/streams", { signal })]);
    return { members, measures: measures(members), streams };
  }, CATALOGUE_S);
  const idsOf = (is: (stream: { kind: string; spec: Record<string, unknown> }) => boolean) =>
    new Set(known.data.value?.streams.filter(is).map((stream) => stream.id));
  const members = computed(() => known.data.value?.members ?? []);
  const datasets = computed(() => idsOf((stream) => stream.kind === "dataset"));
  const ready = computed(() => {
    const prices = idsOf((stream) => stream.spec["profile"] === "prices");
    return readyViews(known.data.value?.measures ?? [], view.value.zone, (stream) => prices.has(stream));
  });
  const missing = computed(() => (known.data.value ? unknownChoices(view.value, members.value) : []));
  return { known, members, datasets, ready, missing };
}

/** The data of a view; what was shown stays until it is there. */
export function useShown(view: Ref<View>, { members, datasets }: Pick<ReturnType<typeof useCatalogue>, "members" | "datasets">) {
  const plan = computed(() => planOf(view.value, members.value, datasets.value));
  const asked = computed(() => {
    const { by, chart, zone } = view.value;
    return JSON.stringify([plan.value?.asks, by, chart, zone]);
  });
  const found = useLoaded(async (signal) => plan.value && (await load(plan.value, view.value, signal)));
  watch(asked, () => void found.reload());
  const shown = computed(() => (plan.value ? found.data.value : undefined));
  const traces = computed(() => shown.value?.traces ?? []);
  const labels: ComputedRef<string[]> = computed(() => labelNames(plan.value?.groups.flatMap((group) => group.members) ?? []));
  return { plan, found, shown, traces, labels };
}
