import { expect, test } from "vitest";
import { chosen, groups, labelNames, measures, shortNames, withoutCommon } from "../../src/explore/catalogue";
import { TOGETHER } from "../../src/explore/view";
import { member } from "./made";

const SPLIT = ["M-1", "M-2"].flatMap((machine) =>
  ["7", "9"].map((mold) => member(`state.CycleTime{machine=${machine},mold=${mold}}`)),
);
const PLAIN = member("temperature");
const CYCLE = { stream: "lab", name: "state.CycleTime" };

test("a category is a name and labels, percent signs decoded", () => {
  expect(member("a%7Bb%7D.c{machine=M%2C3,x%3Dy=50%25}")).toMatchObject({
    name: "a{b}.c",
    labels: { machine: "M,3", "x=y": "50%" },
  });
  expect(member("50%25 of {it")).toMatchObject({ name: "50%25 of {it", labels: {} });
});

test("series of a name are one measure", () => {
  expect(measures([...SPLIT, PLAIN]).map((one) => [one.name, one.members.length])).toEqual([
    ["state.CycleTime", 4],
    ["temperature", 1],
  ]);
});

test("a choice is that series, or all of its name, in its stream only", () => {
  const others = member("temperature", "other");
  expect(chosen({ stream: "lab", name: "temperature" }, [others, PLAIN])).toEqual([PLAIN]);
  expect(chosen(CYCLE, SPLIT)).toEqual(SPLIT);
  expect(chosen({ stream: "lab", name: SPLIT[2]!.category }, SPLIT)).toEqual([SPLIT[2]]);
});

test.each([
  [null, [{ machine: "M-1", mold: "7" }, { machine: "M-1", mold: "9" }, { machine: "M-2", mold: "7" }, { machine: "M-2", mold: "9" }]],
  ["machine", [{ machine: "M-1" }, { machine: "M-2" }]],
  ["mold", [{ mold: "7" }, { mold: "9" }]],
  [TOGETHER, [{}]],
])("grouped by %s", (by, labels) => {
  const found = groups([CYCLE], SPLIT, by);
  expect(found.map((group) => group.labels)).toEqual(labels);
  expect(found.flatMap((group) => group.members)).toHaveLength(4);
});

test("a series that two choices name is in one group", () => {
  const found = groups([CYCLE, { stream: "lab", name: SPLIT[0]!.category }], SPLIT, null);
  expect(found.flatMap((group) => group.members)).toEqual(SPLIT);
});

test("what can be grouped by is what the series have", () => {
  expect(labelNames([...SPLIT, PLAIN])).toEqual(["machine", "mold"]);
});

test("names lose what all of them share", () => {
  expect(withoutCommon(["o.flash.reject", "o.sink.reject"])).toEqual(["flash", "sink"]);
  expect(withoutCommon(["o.reject", "o.flash.reject"])).toEqual(["reject", "flash.reject"]);
  expect(withoutCommon(["a.b"])).toEqual(["a.b"]);
  expect(withoutCommon(["a.b", "a.b"])).toEqual(["b", "b"]);
});

test("names tell streams, names and labels apart, and no more", () => {
  expect(shortNames(groups([CYCLE], SPLIT, "machine"))).toEqual(["M-1", "M-2"]);
  expect(shortNames(groups([CYCLE], [SPLIT[0]!], "machine"))).toEqual(["state.CycleTime · M-1"]);
  const both = [PLAIN, member("temperature", "other")];
  const choices = ["lab", "other"].map((stream) => ({ stream, name: "temperature" }));
  expect(shortNames(groups(choices, both, null))).toEqual(["lab · temperature", "other · temperature"]);
});
