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
  /** Read all anew: at each connection, after a gap, and every few seconds while there is no connection. Throws when it
   * cannot. */
  refresh(): Promise<void>;
}

/** Updates come by themselves; or there is no connection, and they are asked for; or not even answers come: what is shown
 * may be old. */
export type State = "connecting" | "live" | "polling" | "stale";

const POLL_MS = 3_000;

export function useLive(told: Told): ComputedRef<State> {
  const stale = ref(false);
  const lost = ref(false);
  let polling: ReturnType<typeof setInterval> | undefined;

  async function refresh(): Promise<void> {
    try {
      await told.refresh();
      stale.value = false;
    } catch {
      stale.value = true;
    }
  }

  function poll(): void {
    lost.value = true;
    void refresh();
    polling ??= setInterval(() => void refresh(), POLL_MS);
  }

  function rest(): void {
    clearInterval(polling);
    polling = undefined;
    lost.value = false;
  }

  const connected = useEvents(
    address("/api/v1/live", {}, { stream: told.stream }),
    {
      windows: (event) => told.windows?.(JSON.parse(event.data) as BucketLine[]),
      streams: (event) => told.streams?.(JSON.parse(event.data) as StateLine[]),
      resync: () => void refresh(),
    },
    () => {
      rest();
      void refresh();
    },
    poll,
  );
  whileShown(() => undefined, rest);
  return computed(() => (stale.value ? "stale" : connected.value ? "live" : lost.value ? "polling" : "connecting"));
}
