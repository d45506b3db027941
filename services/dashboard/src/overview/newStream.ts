/** What the form asks for, as the API takes it: only what was filled in; the rest is the profile's own. Pure. */
import type { Schemas } from "../api";

export type Profile = NonNullable<Schemas["NewStream"]["profile"]>;
type Lasts = "endless" | "count" | "duration";

export const PROFILES: Record<Profile, { does: string; rate: number; categories: string }> = {
  sensor: {
    does: "Five sensors of a machine with the rhythm of a day",
    rate: 5,
    categories: "temperature, humidity, pressure, vibration, power",
  },
  "random-walk": { does: "A value that goes up and down by chance", rate: 10, categories: "value" },
  "random-int": { does: "Whole numbers from 0 to 100", rate: 4, categories: "value" },
  prices: { does: "Currency pairs, tick by tick", rate: 3, categories: "EURUSD, GBPUSD, AUDUSD" },
  table: { does: "Rows with many fields, as a dataset has them", rate: 1, categories: "" },
};

export const MISBEHAVIOUR = {
  late_ratio: "Late",
  duplicate_ratio: "Sent twice",
  disorder_ratio: "Out of order",
  corrupt_ratio: "Broken bytes",
} as const;
type Ratio = keyof typeof MISBEHAVIOUR;

/** The fields as they are typed: a number field that is empty holds "". */
export interface Simulation {
  id: string;
  profile: Profile;
  rate: number | "";
  categories: string;
  lasts: Lasts;
  count: number | "";
  duration: number | "";
  /** As `<input type=datetime-local>` has it, in the zone of whoever looks. */
  start: string;
  seed: number | "";
  latency_ms: number | "";
  jitter_ms: number | "";
  /** In percent. */
  ratios: Record<Ratio, number | "">;
}

export interface Dataset {
  url: string;
  id: string;
  timestamp_field: string;
  include: string;
  exclude: string;
  split_by: string;
}

export function emptySimulation(): Simulation {
  return {
    id: "",
    profile: "sensor",
    rate: "",
    categories: "",
    lasts: "endless",
    count: 10_000,
    duration: 3_600,
    start: "",
    seed: "",
    latency_ms: "",
    jitter_ms: "",
    ratios: { late_ratio: "", duplicate_ratio: "", disorder_ratio: "", corrupt_ratio: "" },
  };
}

export function emptyDataset(): Dataset {
  return { url: "", id: "", timestamp_field: "", include: "", exclude: "", split_by: "" };
}

export function simulationBody(form: Simulation): Schemas["NewStream"] {
  const ratios = Object.entries(form.ratios).map(([name, of100]) => [name, of100 === "" ? undefined : of100 / 100]);
  return {
    id: form.id.trim(),
    profile: form.profile,
    rate: given(form.rate),
    categories: form.profile === "table" ? undefined : several(form.categories),
    count: form.lasts === "count" ? given(form.count) : undefined,
    duration: form.lasts === "duration" ? given(form.duration) : undefined,
    start_time: form.start ? new Date(form.start).toISOString() : undefined,
    seed: given(form.seed),
    latency_ms: given(form.latency_ms),
    jitter_ms: given(form.jitter_ms),
    ...(Object.fromEntries(ratios) as { [name in Ratio]?: number }),
  };
}

export function datasetBody(form: Dataset): Schemas["NewDataset"] {
  const [include, exclude] = [several(form.include), several(form.exclude)];
  return {
    kind: "dataset",
    url: form.url.trim(),
    id: form.id.trim() || undefined,
    timestamp_field: form.timestamp_field.trim() || undefined,
    fields: include || exclude ? { include: include ?? [], exclude: exclude ?? [] } : undefined,
    split_by: several(form.split_by),
  };
}

function given(value: number | ""): number | undefined {
  return value === "" ? undefined : value;
}

/** "a, b" → ["a", "b"]; nothing → undefined. */
function several(text: string): string[] | undefined {
  const names = text.split(",").map((name) => name.trim()).filter(Boolean);
  return names.length ? names : undefined;
}
