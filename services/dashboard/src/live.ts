/** Updates from `/api/v1/live` while a view is in front: connects again by itself, polls while it cannot. */
import { onUnmounted, ref, type Ref } from "vue";
import { address, type BucketLine, type StreamLine } from "./api";
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

export interface Live {
  /** What is shown may be old: neither updates nor answers come. */
  stale: Ref<boolean>;
  /** Updates come by themselves; else they are asked for. */
  connected: Ref<boolean>;
}

const POLL_MS = 3_000;
const RETRY_MS = [500, 1_000, 2_000, 4_000, 8_000];

export function useLive(told: Told): Live {
  const stale = ref(false);
  const connected = ref(false);
  let source: EventSource | undefined;
  let polling: ReturnType<typeof setInterval> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let failed = 0;

  async function refresh(): Promise<void> {
    try {
      await told.refresh();
      stale.value = false;
    } catch {
      stale.value = true;
    }
  }

  function connect(): void {
    source = new EventSource(address("/api/v1/live", {}, { stream: told.stream }));
    source.addEventListener("open", () => {
      connected.value = true;
      failed = 0;
      clearInterval(polling);
      polling = undefined;
      void refresh();
    });
    source.addEventListener("error", lost);
    source.addEventListener("windows", (event) => told.windows?.(JSON.parse(event.data)));
    source.addEventListener("streams", (event) => told.streams?.(JSON.parse(event.data)));
    source.addEventListener("resync", () => void refresh());
  }

  /** A browser gives up after an answer that is no stream (503 while the service starts), so it is left nothing to do. */
  function lost(): void {
    source?.close();
    connected.value = false;
    void refresh();
    polling ??= setInterval(() => void refresh(), POLL_MS);
    retry = setTimeout(connect, RETRY_MS[Math.min(failed++, RETRY_MS.length - 1)]);
  }

  function end(): void {
    source?.close();
    clearInterval(polling);
    clearTimeout(retry);
    polling = undefined;
    connected.value = false;
  }

  whileShown(connect, end);
  onUnmounted(end);
  return { stale, connected };
}
