/** Server-sent events while a view is in front; a connection that is lost is made again. */
import { onUnmounted, ref, type Ref } from "vue";
import { whileShown } from "./shown";

type Listeners = Record<string, (event: MessageEvent<string>) => void>;

const RETRY_MS = [500, 1_000, 2_000, 4_000, 8_000];

/** Listen to `url`; `opened` and `lost` tell of each connection's begin and unwanted end. Whether there is one now. */
export function useEvents(url: string, on: Listeners, opened = () => {}, lost = () => {}): Ref<boolean> {
  const connected = ref(false);
  let source: EventSource | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let failed = 0;

  function connect(): void {
    source = new EventSource(url);
    source.addEventListener("open", () => {
      connected.value = true;
      failed = 0;
      opened();
    });
    source.addEventListener("error", again);
    for (const [name, listener] of Object.entries(on)) source.addEventListener(name, listener);
  }

  /** A browser gives up after an answer that is no stream (503 while the service starts), so we do it ourselves. */
  function again(): void {
    source?.close();
    connected.value = false;
    retry = setTimeout(connect, RETRY_MS[Math.min(failed++, RETRY_MS.length - 1)]);
    lost();
  }

  function end(): void {
    source?.close();
    clearTimeout(retry);
    connected.value = false;
  }

  whileShown(connect, end);
  onUnmounted(end);
  return connected;
}
