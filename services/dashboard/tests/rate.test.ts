import { expect, test } from "vitest";
import { Rate } from "../src/rate";

test("a rate needs two counts that are far enough apart", () => {
  const rate = new Rate();
  expect(rate.perS).toBeUndefined();
  rate.note(1_000, 10);
  rate.note(1_500, 12);
  expect(rate.perS).toBeUndefined();
  rate.note(3_000, 20);
  expect(rate.perS).toBe(5);
});

test("only the last twenty seconds count", () => {
  const rate = new Rate();
  for (let second = 0; second <= 40; second++) rate.note(second * 1000, second < 20 ? 0 : (second - 20) * 8);
  expect(rate.perS).toBe(8);
});

test("what stands still has rate 0", () => {
  const rate = new Rate();
  for (let second = 0; second <= 12; second++) rate.note(second * 1000, 7);
  expect(rate.perS).toBe(0);
});

test("a count that falls begins anew", () => {
  const rate = new Rate();
  rate.note(0, 1_000);
  rate.note(2_000, 0);
  expect(rate.perS).toBeUndefined();
  rate.note(4_000, 6);
  expect(rate.perS).toBe(3);
});
