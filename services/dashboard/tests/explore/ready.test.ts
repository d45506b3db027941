import { expect, test } from "vitest";
import { measures } from "../../src/explore/catalogue";
import { readyViews } from "../../src/explore/ready";
import { member } from "./made";

const ready = (categories: string[], prices = false, hours = 24) =>
  readyViews(measures(categories.map((one) => member(one, "x", hours))), "UTC", () => prices);
const DEFECTS = ["flash", "sink"].flatMap((kind) => [`seen.${kind}.reject`, `seen.${kind}.pixel.reject`, `seen.${kind}.pixel.value`]);

test("inspections show their reject rate per day, the defects compared, and a machine's variable", () => {
  const found = ready(["seen.reject", ...DEFECTS, "state.ShotCount", "state.CycleTime"]);
  expect(found.map(({ title, view }) => [title, view.chart, view.step, view.choices.map((one) => one.name)])).toEqual([
    ["Reject rate per day", "bars", "1d", ["seen.reject"]],
    ["Defect kinds compared", "bars", "auto", ["seen.flash.reject", "seen.sink.reject"]],
    ["CycleTime over time", "line", "auto", ["state.CycleTime"]],
  ]);
});

test("inspections that are split show who rejects most", () => {
  const found = ready(["seen.reject{machine_id=1}", "seen.reject{machine_id=2}", "CycleTime{machine_id=1}"]);
  expect(found.map(({ title, view }) => [title, view.by])).toEqual([
    ["Reject rate per day", "*"],
    ["CycleTime by machine", "machine_id"],
    ["Reject rate by machine", "machine_id"],
  ]);
});

test("a machine shows its load", () => {
  const found = ready(["cpu_percent", "memory_percent", "network_sent_bytes_per_s"]);
  expect(found.map(({ view }) => view.choices.map((one) => one.name))).toEqual([
    ["cpu_percent", "memory_percent"],
    ["network_sent_bytes_per_s"],
  ]);
});

test("prices show their days", () => {
  const found = ready(["EURUSD", "GBPUSD"], true);
  expect(found.map(({ view }) => [view.step, view.choices.length])).toEqual([["1d", 2]]);
});

test("anything else shows something, by hours too once it is days old", () => {
  expect(ready(["value"]).map(({ title }) => title)).toEqual(["value over time"]);
  expect(ready(["room.temperature", "humidity"], false, 72).map(({ title }) => title)).toEqual([
    "All at a glance",
    "temperature, hour by hour",
  ]);
});

test("nothing shows nothing", () => {
  expect(readyViews([], "UTC", () => false)).toEqual([]);
});
