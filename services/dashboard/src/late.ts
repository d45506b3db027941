/** Code that comes behind the page: a chart, or another page. It says what it waits for, and comes by itself. */
import { defineAsyncComponent, defineComponent, h, ref, type Component, type Ref } from "vue";
import { AWAY, Problem } from "./api";
import ProblemNotice from "./components/ProblemNotice.vue";

type Load = () => Promise<{ default: Component }>;

const RETRY_MS = 2_000;
const SAID_AFTER_MS = 300;
const GONE = new Problem(0, "A part of this page could not be loaded.");

/** A component that is there at once; what it shows comes when its code does. */
export function late(load: Load): Component {
  const away = ref(false);
  const code = defineAsyncComponent({
    loader: () => arrival(load, away),
    delay: SAID_AFTER_MS,
    loadingComponent: () => h("p", { class: "empty", "aria-live": "polite" }, away.value ? AWAY : "On its way…"),
    errorComponent: () => h(ProblemNotice, { problem: GONE, onRetry: () => location.reload() }),
  });
  return defineComponent((_, { attrs }) => () => h(code, attrs), { inheritAttrs: false });
}

/** Asks until the server answers. If the code does not come even then, its file is that of an older build, or the browser
 * has remembered the failure: the page is loaded anew, once for each build. Throws what keeps it from coming after that. */
async function arrival(load: Load, away: Ref<boolean>): ReturnType<Load> {
  try {
    return await load();
  } catch {
    away.value = true;
  }
  while (!(await answers())) await pause();
  try {
    return await load();
  } catch (error) {
    if (sessionStorage.getItem(import.meta.url)) throw error;
  }
  while (document.querySelector("dialog[open]")) await pause(); // nothing that is being typed is lost
  sessionStorage.setItem(import.meta.url, "loaded anew");
  location.reload();
  return new Promise(() => undefined);
}

/** Whether there is a page to be had. */
async function answers(): Promise<boolean> {
  return fetch(location.href, { headers: { Accept: "text/html" } }).then(
    (response) => response.ok,
    () => false,
  );
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, RETRY_MS));
}
