import { expect, test } from "vitest";
import { queryOf, TOGETHER, viewOf, type View } from "../../src/explore/view";

const VIEW: View = {
  choices: [
    { stream: "machines", name: "state.CycleTime{machine=M-3}" },
    { stream: "host", name: "cpu_percent" },
  ],
  range: { start: Date.UTC(2026, 0, 2, 3, 4), end: Date.UTC(2026, 0, 3) },
  step: "15m",
  zone: "Asia/Kathmandu",
  chart: "heat",
  by: TOGETHER,
  hidden: ["lab:CycleTime{machine=M-1}"],
  at: Date.UTC(2026, 0, 2, 12),
};

test("a view survives its own address", () => {
  const { series, ...rest } = queryOf(VIEW);
  const search = new URLSearchParams(rest as Record<string, string>);
  for (const one of series as string[]) search.append("series", one);
  const query: Record<string, string | string[]> = Object.fromEntries(search);
  query["series"] = search.getAll("series");
  expect(viewOf(query, "UTC")).toEqual(VIEW);
});

test("an address says all that is not usual, and always the zone", () => {
  expect(queryOf(VIEW)).toEqual({
    series: ["machines:state.CycleTime{machine=M-3}", "host:cpu_percent"],
    start: "2026-01-02T03:04:00Z",
    end: "2026-01-03T00:00:00Z",
    step: "15m",
    chart: "heat",
    by: "*",
    hide: ["lab:CycleTime{machine=M-1}"],
    at: "2026-01-02T12:00:00Z",
    tz: "Asia/Kathmandu",
  });
  const usual: View = { ...VIEW, range: "all", step: "auto", chart: "line", by: null, hidden: [], at: null };
  expect(Object.keys(queryOf(usual))).toEqual(["series", "tz"]);
  expect(queryOf({ ...VIEW, choices: [] })).toEqual({});
});

test("what an address says wrong is taken as not said", () => {
  const query = { series: ["no-colon", ":x", "x:", "a:b:c"], start: "2026-01-03", end: "2026-01-02", step: "2m" };
  const view = viewOf({ ...query, tz: "Mars/Olympus", chart: "pie", range: "yesterday", at: "noon" }, "Europe/Berlin");
  expect(view).toEqual({
    choices: [{ stream: "a", name: "b:c" }],
    range: "all",
    step: "auto",
    zone: "Europe/Berlin",
    chart: "line",
    by: null,
    hidden: [],
    at: null,
  });
});

test("a series that is named twice is chosen once", () => {
  expect(viewOf({ series: ["a:b", "a:b"] }, "UTC").choices).toEqual([{ stream: "a", name: "b" }]);
});
