import { expect, test } from "vitest";
import { wholeText, type Letter } from "../../src/pipeline/letters";
import { bodiesOf, booked, fateOf, meant, summary, type Fate, type Followed } from "../../src/pipeline/wishes";

const SAID = { value: '{"a":1}', note: "known fault" };
const letter = (offset: number) => ({ generation: 1, topic: "readings", partition: 3, offset, detail: "not shown" }) as Letter;
const place = (offset: number) => ({ generation: 1, topic: "readings", partition: 3, offset });
const fates = (...all: Fate[]): Followed[] => all.map((fate, n) => ({ place: place(n), fate, detail: "" }));

test("letters are named by their places, with what their kind of wish needs and nothing else", () => {
  expect(bodiesOf({ kind: "replay", letters: [letter(7)] }, SAID)).toEqual([{ letters: [place(7)] }]);
  expect(bodiesOf({ kind: "edit", letters: [letter(7)] }, SAID)).toEqual([{ letters: [place(7)], value: '{"a":1}' }]);
  expect(bodiesOf({ kind: "discard", letters: [letter(7)] }, SAID)).toEqual([{ letters: [place(7)], note: "known fault" }]);
});

test("more than a request may have are several requests", () => {
  const bodies = bodiesOf({ kind: "replay", letters: Array.from({ length: 2_001 }, (_, n) => letter(n)) }, SAID);
  expect(bodies.map((body) => body.letters?.length)).toEqual([1_000, 1_000, 1]);
  expect(bodies.flatMap((body) => body.letters?.map((one) => one.offset))).toEqual(Array.from({ length: 2_001 }, (_, n) => n));
});

test("all of a reason are asked for by their filter", () => {
  const [body] = bodiesOf({ kind: "discard", filter: { reason: ["not_utf8"] } }, SAID);
  expect(body).toMatchObject({ filter: { reason: ["not_utf8"] }, note: "known fault" });
  expect(body).not.toHaveProperty("letters");
});

test.each([
  ["requested", "waits"],
  ["replayed", "taken"],
  ["discarded", "discarded"],
  ["too_large", "none"],
  ["unknown", "none"],
] as const)("%s: it %s", (outcome, fate) => {
  expect(booked({ ...place(1), outcome })).toMatchObject({ place: place(1), fate });
});

test("a letter waits until it is taken, discarded, or refused again with its reason", () => {
  const open = { state: "open", requested_at: null, tried_reason: null, tried_detail: null } as const;
  expect(fateOf({ ...open, requested_at: "2026-01-02T00:00:00Z" }).fate).toBe("waits");
  expect(fateOf({ ...open, state: "replayed" }).fate).toBe("taken");
  expect(fateOf({ ...open, state: "discarded" }).fate).toBe("discarded");
  const tried = { ...open, tried_reason: "not_json", tried_detail: "line 1: no value" };
  expect(fateOf(tried)).toEqual({ fate: "refused", detail: "line 1: no value" });
});

test("an outcome in words", () => {
  expect(summary(fates("taken", "waits", "refused", "taken"))).toBe("2 taken, 1 refused again, 1 on their way");
  expect(summary([])).toBe("None was there any more");
});

test("what is meant in words", () => {
  expect(meant({ kind: "replay", letters: [letter(7)] })).toBe("dead letter readings/3/7");
  expect(meant({ kind: "replay", letters: [letter(7), letter(8)] })).toBe("2 dead letters");
  expect(meant({ kind: "replay", filter: {}, count: 1_204 })).toBe("all 1,204 that are open");
  expect(meant({ kind: "replay", filter: { text: "x" } })).toBe("all open ones that fit");
});

test("bytes that are no text are shown as such in a text to be edited", () => {
  expect(wholeText("grün", "text")).toBe("grün");
  expect(wholeText(btoa("{\xE4}"), "base64")).toBe("{\uFFFD}");
  expect(wholeText(btoa("{\xC3\xA4}"), "base64")).toBe("{ä}");
  expect(wholeText(null, null)).toBe("");
});
