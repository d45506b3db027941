import { expect, test } from "vitest";
import { lines } from "../src/samples/parts";
import { appended } from "../src/stream/values";

async function all(...pieces: string[]): Promise<string[]> {
  async function* given() {
    yield* pieces;
  }
  const found: string[] = [];
  for await (const line of lines(given())) found.push(line);
  return found;
}

test("lines come out whole, wherever the pieces end", async () => {
  expect(await all('{"a"', ":1}\n{", '"b":2}\n')).toEqual(['{"a":1}', '{"b":2}']);
  expect(await all("a\n\nb")).toEqual(["a", "b"]);
});

test("values are appended once, in the order of time, and the oldest are dropped", () => {
  const value = (second: number) => ({ timestamp: `2026-01-02T03:04:0${second}Z`, category: "t", value: second });
  expect(appended([value(1), value(2)], [value(2), value(3), value(4)], 3)).toEqual([value(2), value(3), value(4)]);
  expect(appended([], [value(1)])).toEqual([value(1)]);
});
