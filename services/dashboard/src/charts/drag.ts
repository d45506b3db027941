/** Dragging across an element: where from and to, in pixels from its left edge; a press without a way is a tap. */
import { ref, type Ref } from "vue";

const TAP_PX = 6;

export interface Drag {
  /** What is marked now. */
  marked: Ref<{ from: number; to: number } | null>;
  handlers: Record<"pointerdown" | "pointermove" | "pointerup" | "pointercancel", (event: PointerEvent) => void>;
}

export function useDrag(dragged: (from: number, to: number) => void, tapped: (x: number, y: number) => void): Drag {
  const marked = ref<{ from: number; to: number } | null>(null);
  let begin: { x: number; y: number } | null = null;

  function place(event: PointerEvent): { x: number; y: number } {
    const { left, top } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  return {
    marked,
    handlers: {
      pointerdown(event) {
        if (event.button === 0) begin = place(event);
      },
      pointermove(event) {
        if (!begin) return;
        const { x } = place(event);
        if (marked.value === null && Math.abs(x - begin.x) > TAP_PX) {
          (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
        }
        if (marked.value !== null || Math.abs(x - begin.x) > TAP_PX) {
          marked.value = { from: Math.min(begin.x, x), to: Math.max(begin.x, x) };
        }
      },
      pointerup() {
        if (!begin) return;
        if (marked.value) dragged(marked.value.from, marked.value.to);
        else tapped(begin.x, begin.y);
        begin = marked.value = null;
      },
      pointercancel() {
        begin = marked.value = null;
      },
    },
  };
}
