import { expect, test } from "vitest";
import { withGaps } from "../../src/charts/gaps";

const every = (step: number, from = 0) => Array.from({ length: 6 }, (_, n) => [from + n * step, n] as const);

test("a line breaks where nothing was measured for long", () => {
  expect(withGaps([...every(1_000), ...every(1_000, 60_000)]).filter(([, value]) => value === null)).toEqual([[5_001, null]]);
});

test("values that come seldom are still one line", () => {
  expect(withGaps(every(60_000))).toEqual(every(60_000));
  expect(withGaps([[0, 1], [4_000, 2], [4_010, 3], [4_020, 4]])).toHaveLength(4);
});

test("nothing and one value are what they are", () => {
  expect(withGaps([])).toEqual([]);
  expect(withGaps([[5, 1]])).toEqual([[5, 1]]);
});
