/** How wide an element is now. */
import { onMounted, onUnmounted, ref, type Ref, type ShallowRef } from "vue";

export function useWidth(element: Readonly<ShallowRef<HTMLElement | null>>): Ref<number> {
  const width = ref(0);
  const watching = new ResizeObserver(([entry]) => {
    const now = Math.round(entry!.contentRect.width);
    if (now) width.value = now; // a page that is kept aside has none
  });
  onMounted(() => element.value && watching.observe(element.value));
  onUnmounted(() => watching.disconnect());
  return width;
}
