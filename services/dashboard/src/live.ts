/** Updates from `/api/v1/live` while a view is in front: connects again by itself, polls while it cannot. */
import { computed, ref, type ComputedRef } from "vue";
import { address, type BucketLine, type StreamLine } from "./api";
import { useEvents } from "./events";
import { whileShown } from "./shown";

/** A stream's state as the live route tells it; a deleted one has no more than its name. */
export type StateLine = { stream: string; state: StreamLine["state"] | "deleted" } & Partial<
  Pick<StreamLine, "kind" | "built_in" | "desired" | "reason" | "run" | "position" | "progress" | "updated_at">
>;

export interface Told {
  /** Only this stream. */
  stream?: string;
  /** Windows that changed. */
  windows?(lines: BucketLine[]): void;
  /** States that changed; all of them after each connection. */
  streams?(lines: StateLine[]): void;
  /** Read all anew: at each connection, after a gap, and every few seconds for what nobody tells. Throws when it cannot. */
  refresh(): Promise<void>;
}

/** Updates come by themselves; or there is no connection, and they are asked for; or not even answers come: what is shown
 * may be old. */
export type State = "connecting" | "live" | "polling" | "stale";

const POLL_MS = 3_000;
/** No answer for so long: a connection that is dead may not say so for minutes. */
const SILENT_MS = 10_000;

export function useLive(told: Told): ComputedRef<State> {
  const stale = ref(false);
  const lost = ref(false);
  let asking = 0;
  let answered = 0;
  let polling: ReturnType<typeof setInterval> | undefined;

  async function refresh(): Promise<void> {
    asking += 1;
    try {
      await told.refresh();
      answered = Date.now();
      stale.value = false;
    } catch {
      stale.value = true;
    }
    asking -= 1;
  }

  function poll(): void {
    if (Date.now() - answered > SILENT_MS) stale.value = true;
    if (!asking) void refresh();
  }

  function changed(isLost: boolean): void {
    lost.value = isLost;
    void refresh();
  }

  const connected = useEvents(
    address("/api/v1/live", {}, { stream: told.stream }),
    {
      windows: (event) => told.windows?.(JSON.parse(event.data) as BucketLine[]),
      streams: (event) => told.streams?.(JSON.parse(event.data) as StateLine[]),
      resync: () => void refresh(),
    },
    () => changed(false),
    () => changed(true),
  );
  whileShown(
    () => {
      answered = Date.now();
      polling = setInterval(poll, POLL_MS);
      changed(false);
    },
    () => clearInterval(polling),
  );
  return computed(() => (stale.value ? "stale" : connected.value ? "live" : lost.value ? "polling" : "connecting"));
}
