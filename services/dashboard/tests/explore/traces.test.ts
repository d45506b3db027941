import { expect, test } from "vitest";
import { groups } from "../../src/explore/catalogue";
import { dotsOf, fieldOf } from "../../src/explore/rows";
import { distance, pairs, tracesOf } from "../../src/explore/traces";
import { unitOf, withUnit } from "../../src/explore/units";
import { bucket, line, member, START, trace } from "./made";

const SPLIT = [member("a{m=1}"), member("a{m=2}")];
const CHOICE = [{ stream: "lab", name: "a" }];

test("series that are shown as one are added up by bucket: the sum of sums by the sum of counts", () => {
  const lines = [line("a{m=1}", 0, 10, 1, { min: -5, max: 10 }), line("a{m=1}", 5, 4, 2), line("a{m=2}", 0, 2, 3, { min: 0, max: 99 })];
  const [one] = tracesOf(groups(CHOICE, SPLIT, "*"), lines);
  expect(one!.buckets).toEqual([
    { at: START, average: 3, min: -5, max: 99, sum: 12, count: 4 },
    { at: START + 300_000, average: 2, min: 2, max: 2, sum: 4, count: 2 },
  ]);
  expect(one!.total).toMatchObject({ average: 16 / 6, count: 6, min: -5, max: 99 });
});

test("each group has its own lines, and one without any has no total", () => {
  const [one, other] = tracesOf(groups(CHOICE, SPLIT, "m"), [line("a{m=1}", 0, 10, 1)]);
  expect([one!.name, one!.total?.average]).toEqual(["1", 10]);
  expect([other!.name, other!.total]).toEqual(["2", null]);
});

test("two traces meet in the buckets that both have", () => {
  const [x, y] = [trace("x", [bucket(0, 1), bucket(1, 2)]), trace("y", [bucket(1, 20), bucket(2, 30)])];
  expect(pairs(x, y)).toEqual([{ at: START + 60_000, x: 2, y: 20 }]);
});

test("buckets are as far apart as the closest two", () => {
  expect(distance([bucket(0, 1), bucket(10, 1), bucket(15, 1)])).toBe(300_000);
  expect(distance([bucket(0, 1)])).toBeNull();
});

test("dots are rows that have both numbers, of the labels that were chosen", () => {
  const row = (data: Record<string, unknown>) => ({ timestamp: "2026-01-02T00:00:00Z", stream: "lab", row: 0, id: "", data });
  const members = [member("x{m=1}"), member("x{m=2}"), member("y{m=1}"), member("y{m=2}")];
  const shown = groups(["x", "y"].map((name) => ({ stream: "lab", name })), members, "*");
  const rows = [
    row({ x: 1, y: true, m: "1" }),
    row({ x: 2, y: 3, m: "2" }),
    row({ x: 2, y: null, m: "2" }),
    row({ x: "2", y: 1, m: "2" }),
    row({ x: 2, y: 1, m: "9" }),
  ];
  expect(dotsOf(rows, shown, "m")).toEqual([
    { x: 1, y: 1, at: START, label: "1" },
    { x: 2, y: 3, at: START, label: "2" },
  ]);
});

test("a field is found by its dotted name, nested or not", () => {
  expect(fieldOf({ a: { "b.c": 1 }, "a.x": 2 }, "a.b.c")).toBe(1);
  expect(fieldOf({ a: { "b.c": 1 }, "a.x": 2 }, "a.x")).toBe(2);
  expect(fieldOf({ a: 1 }, "a.b")).toBeUndefined();
});

test("true and false are a share; names tell other units", () => {
  const flags = [bucket(0, 0.25, { min: 0, max: 1 }), bucket(1, 0, { min: 0, max: 0 })];
  expect(unitOf("AutoMode", flags)).toBe("share");
  expect(unitOf("AutoMode", [...flags, bucket(2, 0.5)])).toBe("");
  expect(unitOf("errors", [bucket(0, 0), bucket(1, 0)])).toBe("");
  expect(unitOf("jetting_defect.reject", [bucket(0, 0), bucket(1, 0)])).toBe("share");
  expect(unitOf("network_sent_bytes_per_s", [])).toBe("bytes/s");
  expect(unitOf("memory_percent", flags)).toBe("percent");
});

test("values have their unit and no more digits than tell something", () => {
  expect(withUnit(0.08712, "share")).toBe("8.71 %");
  expect(withUnit(1_536_000, "bytes/s")).toBe("1.54 MB/s");
  expect(withUnit(44.4152, "percent")).toBe("44.4 %");
  expect(withUnit(1014.2, "")).toBe("1,014.2");
  expect(withUnit(null, "")).toBe("–");
});
