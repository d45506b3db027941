/** Whether a view is in front: mounted, not kept aside, in a tab that is looked at. Only then it asks the server. */
import { onActivated, onDeactivated, onMounted, onUnmounted, ref, watch } from "vue";

/** Call `begin` when the view comes to the front and `end` when it leaves it. */
export function whileShown(begin: () => void, end: () => void): void {
  const inFront = ref(false);
  const looked = ref(!document.hidden);
  const look = () => {
    looked.value = !document.hidden;
  };
  const come = () => {
    inFront.value = true;
  };
  const leave = () => {
    inFront.value = false;
  };
  watch(
    () => inFront.value && looked.value,
    (shown) => (shown ? begin() : end()),
    { flush: "sync" },
  );
  document.addEventListener("visibilitychange", look);
  onMounted(come);
  onActivated(come);
  onDeactivated(leave);
  onUnmounted(() => {
    leave();
    document.removeEventListener("visibilitychange", look);
  });
}
