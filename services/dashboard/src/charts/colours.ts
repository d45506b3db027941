/** Colours of charts, which CSS cannot reach: those of the page's ground, light or dark, as it is now. */
import { computed, ref, type ComputedRef } from "vue";

export interface Colours {
  text: string;
  muted: string;
  line: string;
  surface: string;
  /** For series, in turn; told apart also by people who see few colours. */
  series: string[];
  /** From least to most, for heat maps. */
  scale: string[];
}

const LIGHT: Colours = {
  text: "#1f2a31",
  muted: "#55636d",
  line: "#dde4e8",
  surface: "#ffffff",
  series: ["#0b7a92", "#d1495b", "#5b5ea6", "#b9770e", "#2e8b57", "#8a5a44", "#c2559d", "#566573"],
  scale: ["#e8f4f6", "#9fd3dd", "#4aa3b5", "#0b6e82", "#05323c"],
};
const DARK: Colours = {
  text: "#e3eaee",
  muted: "#9aabb6",
  line: "#2a363e",
  surface: "#182127",
  series: ["#4fc3d9", "#ff8a94", "#a7a9f0", "#f1c05d", "#74d39a", "#d7a58b", "#f09ad0", "#aab7bf"],
  scale: ["#16303a", "#1d5868", "#2f8ba0", "#6ccbdd", "#d4f4fa"],
};

/** Follows the browser's choice of light or dark. */
export function useColours(): ComputedRef<Colours> {
  return computed(() => (prefersDark().value ? DARK : LIGHT));
}

let dark: ReturnType<typeof ref<boolean>> | undefined;

function prefersDark() {
  if (!dark) {
    const asked = matchMedia("(prefers-color-scheme: dark)");
    const now = (dark = ref(asked.matches));
    asked.addEventListener("change", () => (now.value = asked.matches));
  }
  return dark;
}
