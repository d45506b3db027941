import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { soon } from "../src/soon";

beforeEach(() => vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => vi.useRealTimers());

test("what a burst of news sets off is done at once and once more, and a failure ends nothing", async () => {
  const work = vi.fn(() => Promise.reject(new Error("away")));
  const news = soon(work, 2_000);
  for (let ms = 0; ms < 1_500; ms += 100) {
    news();
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(work).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(600);
  expect(work).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(work).toHaveBeenCalledTimes(2);
});
