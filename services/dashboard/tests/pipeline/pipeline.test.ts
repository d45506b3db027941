import { expect, test } from "vitest";
import { sides, where } from "../../src/pipeline/audit";
import { drained, idle, ordered, told, totalOf, type LagLine, type Total } from "../../src/pipeline/lag";
import { filterOf, filterQuery, readable, wanted } from "../../src/pipeline/letters";

const TOTAL: Total = { records: 1500, seconds: 9, inPerS: 2000, outPerS: 2500, trend: "falling", drainS: 180 };

test("totals come in headers, and one that is missing is not known", () => {
  const headers = new Headers({ "Tideline-Records-Behind": "1500", "Tideline-Trend": "falling", "Tideline-In-Per-S": "0" });
  expect(totalOf(headers)).toEqual({ records: 1500, seconds: null, inPerS: 0, outPerS: null, trend: "falling", drainS: null });
});

test.each([
  [TOTAL, "Falling: gone in 3 min at this rate."],
  [{ ...TOTAL, trend: "growing", drainS: null }, "Growing: 2,000/s come in, 2,500/s go out. If that lasts, add a processor."],
  [{ ...TOTAL, trend: "steady", drainS: null }, "Steady: as much comes in as goes out."],
  [{ ...TOTAL, seconds: 0.4, trend: "growing" }, "Up to date: only what came a moment ago is under way."],
  [{ ...TOTAL, records: 0 }, "Nothing waits: every record is processed."],
  [{ ...TOTAL, records: null }, "How far behind is not known."],
] satisfies [Total, string][])("lag in words", (total, words) => {
  expect(told(total)).toBe(words);
});

const line = (topic: string, partition: number, behind: number, trouble: string | null = null) =>
  ({ topic, partition, records_behind: behind, drain_s: null, trouble }) as LagLine;

test("partitions that have something to tell come first", () => {
  const lines = [line("rows", 1, 0), line("rows", 0, 0), line("readings", 2, 7), line("readings", 5, 0, "gone"), line("readings", 9, 8)];
  expect(ordered(lines).map(({ topic, partition }) => `${topic} ${partition}`)).toEqual([
    "readings 5", "readings 9", "readings 2", "rows 0", "rows 1",
  ]);
  expect(idle(lines)).toBe("2 of 5 partitions have nothing waiting.");
});

test("a partition has caught up, will have, or never", () => {
  const behind = { records_behind: 5, seconds_behind: 9, drain_s: null, trouble: null };
  expect(drained({ ...behind, records_behind: 0 })).toBe("yes");
  expect(drained({ ...behind, seconds_behind: 0.4 }), "what came a moment ago is no backlog").toBe("yes");
  expect(drained({ ...behind, seconds_behind: 0.4, trouble: "a gap" })).toBe("never at this rate");
  expect(drained({ ...behind, drain_s: 65 })).toBe("in 1 min 5 s");
  expect(drained({ ...behind, seconds_behind: null })).toBe("never at this rate");
});

test("what is shown of dead letters survives its own address; usually what is open", () => {
  for (const state of ["open", "replayed", null] as const) {
    const filter = { reason: "not_json", state, text: "lab 3" };
    expect(filterOf(filterQuery(filter) as Record<string, string>)).toEqual(filter);
  }
  expect(filterOf({ state: "odd" })).toEqual({ reason: null, state: "open", text: "" });
  expect(filterQuery({ reason: null, state: "open", text: "" })).toEqual({});
  expect(wanted({ reason: "not_json", state: null, text: "" })).toEqual({ reason: ["not_json"] });
});

test("bytes are shown so that nothing of them is lost or acts", () => {
  expect(readable(btoa('{"a":"\xff\u0000\\"}'), "base64")).toBe('{"a":"\\xFF\\x00\\\\"}');
  expect(readable("größe", "text")).toBe("größe");
  expect(readable(null, null)).toBe("");
});

const NOWHERE = {
  check: "c", invariant: 1, broken: "b", table: null, generation: 1, topic: null, partition: null, pass: null,
  first_offset: null, next_offset: null, stream: null, category: null, minute: null, id: null, removed_id: null,
  stored: {}, should_be: {},
};

test("a finding says where it is", () => {
  expect(where({ ...NOWHERE, topic: "readings", partition: 3, first_offset: 10, next_offset: 20 })).toBe("readings, partition 3, offsets 10 to 19");
  expect(where({ ...NOWHERE, topic: "readings", partition: 0, first_offset: 10, next_offset: 11 })).toBe("readings, partition 0, offset 10");
  expect(where({ ...NOWHERE, stream: "lab-3", category: "t", table: "windows" })).toBe("lab-3 t; table windows");
});

test("both sides of a finding are told by name", () => {
  expect(sides({ count: 6, sum: null, list: [1] })).toBe("count 6, sum none, list [1]");
});
