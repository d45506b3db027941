import { expect, test } from "vitest";
import { broken, lineOption } from "../../src/charts/line";
import { stroke, type Look } from "../../src/charts/look";
import { cellsOf } from "../../src/charts/heat";
import { binsOf } from "../../src/charts/histogram";
import { barsOption } from "../../src/charts/bars";
import { columnsOption } from "../../src/charts/columns";
import { nearest } from "../../src/charts/nearest";
import { panels } from "../../src/charts/panels";
import { flow } from "../../src/charts/png";
import { correlation, scatterOption } from "../../src/charts/scatter";
import type { Colours } from "../../src/charts/colours";
import { bucket, START, trace } from "../explore/made";

const colours: Colours = { text: "t", muted: "m", line: "l", surface: "s", series: ["one", "two"], scale: ["a", "b"] };
const HOUR = 60;
const look: Look = { colours, zone: "UTC", range: { start: START, end: START + 3_600_000 }, width: 800 };
type Series = { id: string; data: unknown[]; areaStyle?: object; yAxisIndex: number };
const seriesOf = (option: unknown) => (option as { series: Series[] }).series;

test("a line breaks where buckets are missing, and only there", () => {
  const buckets = [0, 1, 2, 9, 10].map((minute) => bucket(minute, minute));
  expect(broken(buckets, (one) => one.average).map(([, value]) => value)).toEqual([0, 1, 2, null, 9, 10]);
});

test("a line has a band from the least to the most", () => {
  const buckets = [bucket(0, 5, { min: -2, max: 9 }), bucket(1, 6, { min: 6, max: 6 })];
  const [least, most, average] = seriesOf(lineOption([trace("a", buckets)], look));
  expect(least!.data).toEqual([[START, -2], [START + 60_000, 6]]);
  expect(most!.data).toEqual([[START, 11], [START + 60_000, 0]]);
  expect(most!.areaStyle).toMatchObject({ color: "one" });
  expect(average!.data).toEqual([[START, 5], [START + 60_000, 6]]);
});

test("a line keeps its colour when others are hidden", () => {
  const [line] = seriesOf(lineOption([trace("b", [bucket(0, 1)], "", 1)], look));
  expect(line).toMatchObject({ lineStyle: { color: "two" } });
});

test("the first bucket is drawn, also where it begins before the range", () => {
  const [axis] = lineOption([trace("a", [bucket(-10, 1), bucket(5, 2)])], look)["xAxis"] as { min: number }[];
  expect(axis!.min).toBe(START - 600_000);
});

test("shares have no band: it would be all of it", () => {
  const flags = [bucket(0, 0.5, { min: 0, max: 1 }), bucket(1, 0.1, { min: 0, max: 1 })];
  expect(seriesOf(lineOption([trace("a", flags, "share")], look))).toHaveLength(1);
});

test("lines that would be flat beside others have a panel of their own", () => {
  const wave = (name: string, low: number, high: number, unit?: "percent") =>
    trace(name, [bucket(0, low), bucket(1, high)], unit);
  const shown = [wave("temperature", 16, 26), wave("pressure", 1010, 1018), wave("humidity", 30, 60), wave("cpu", 1, 90, "percent")];
  expect(panels(shown).map((panel) => panel.map((one) => one.name))).toEqual([["temperature", "humidity"], ["pressure"], ["cpu"]]);
});

test("the same value of several machines is in one panel, however far apart", () => {
  const machine = (low: number) => ({ ...trace(`${low}`, [bucket(0, low), bucket(1, low + 1)]), group: trace("a", []).group });
  expect(panels([machine(1), machine(1_000)])).toHaveLength(1);
});

test("there are at most six panels, and no line is lost", () => {
  const far = Array.from({ length: 9 }, (_, n) => trace(`${n}`, [bucket(0, 1000 ** n), bucket(1, 1000 ** n + 1)]));
  expect(panels(far).map((panel) => panel.length)).toEqual([1, 1, 1, 1, 1, 4]);
});

test("strokes change when colours are used up", () => {
  expect([0, 1, 2, 4].map((index) => Object.values(stroke(index, colours)))).toEqual([
    ["one", "solid"],
    ["two", "solid"],
    ["one", "dashed"],
    ["one", "dotted"],
  ]);
});

test("heat map cells are hours of the zone's clocks; an hour they repeat is one, weighted by its readings", () => {
  const at = (hour: number) => Date.UTC(2026, 9, 25, hour);
  const buckets = [0, 1, 2].map((hour) => bucket(0, hour, { at: at(hour), sum: hour * 10, count: hour === 1 ? 30 : 10 }));
  const { days, cells } = cellsOf(buckets, "Europe/Berlin");
  expect(days).toEqual(["2026-10-25"]);
  expect(cells.map(({ hour, average, count }) => [hour, average, count])).toEqual([
    [2, 10 / 40, 40],
    [3, 2, 10],
  ]);
});

test("heat map days have no holes", () => {
  const { days, cells } = cellsOf([bucket(0, 1), bucket(3 * 24 * HOUR, 1)], "UTC");
  expect(days).toEqual(["2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05"]);
  expect(cells.map((cell) => cell.day)).toEqual([0, 3]);
});

test("bins are round, without holes, and hold every value once", () => {
  const values = Array.from({ length: 100 }, (_, n) => 16.3 + (n * 9.6) / 99);
  const bins = binsOf(values);
  expect(bins[0]!.from).toBe(16);
  expect(bins.map((bin) => bin.to - bin.from)).toEqual(bins.map(() => 1));
  expect(bins.map((bin) => bin.count).reduce((sum, n) => sum + n)).toBe(100);
  for (const bin of bins.slice(0, -1)) {
    expect(bin.count).toBe(values.filter((value) => value >= bin.from && value < bin.to).length);
  }
});

test("values that are all the same are one bin, and none are none", () => {
  expect(binsOf([2, 2])).toEqual([{ from: 2, to: 2, count: 2 }]);
  expect(binsOf([])).toEqual([]);
});

test("bars have the longest on top", () => {
  const shown = [1, 3, 2].map((value) => ({ ...trace(`t${value}`, [bucket(0, value)]), total: bucket(0, value) }));
  const option = barsOption(shown, look) as unknown as { yAxis: { data: string[] } };
  expect(option.yAxis.data).toEqual(["t1", "t2", "t3"]);
});

test("columns stand side by side in their buckets, with room for missing ones", () => {
  const shown = [trace("a", [bucket(0, 1), bucket(1, 2)]), trace("b", [bucket(1, 5)])];
  expect(seriesOf(columnsOption(shown, look)).map((one) => one.data)).toEqual([[1, 2], [null, 5]]);
});

test("dots are coloured by what they belong to", () => {
  const dots = ["b", "a", "b"].map((label, at) => ({ x: at, y: -at, at, label }));
  expect(seriesOf(scatterOption(dots, { x: "x", y: "y" }, look)).map((one) => one.data.length)).toEqual([1, 2]);
});

test("correlation is 1 on a rising line, -1 on a falling one, and none where nothing varies", () => {
  const along = [1, 2, 3].map((x) => ({ x, y: 2 * x + 1 }));
  expect(correlation(along)).toBeCloseTo(1, 12);
  expect(correlation(along.map(({ x, y }) => ({ x, y: -y })))).toBeCloseTo(-1, 12);
  expect(correlation(along.map(({ x }) => ({ x, y: 4 })))).toBeNull();
});

test("the nearest bucket is found between, before and behind", () => {
  const buckets = [bucket(0, 0), bucket(10, 1), bucket(20, 2)];
  const found = [-5, 4, 6, 15.5, 99].map((minute) => nearest(buckets, START + minute * 60_000)!.average);
  expect(found).toEqual([0, 0, 1, 2, 2]);
  expect(nearest([], START)).toBeUndefined();
});

test("names go on in a new row where there is no room", () => {
  expect(flow([50, 40, 30, 200], 100)).toEqual([
    { x: 0, row: 0 },
    { x: 50, row: 0 },
    { x: 0, row: 1 },
    { x: 0, row: 2 },
  ]);
});
