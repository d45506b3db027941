import { expect, test } from "vitest";
import { curlLine, csvAddress, planOf, rangeOf, unknownChoices } from "../../src/explore/plan";
import type { View } from "../../src/explore/view";
import { member, START } from "./made";

const HOUR = 3_600_000;
const CHOICES = [{ stream: "lab", name: "a" }];
const VIEW: View = { choices: CHOICES, range: "all", step: "auto", zone: "Europe/Berlin", chart: "line", by: null, hidden: [], at: null };
const NONE = new Set<string>();
const ALL = { start: "2026-01-02T00:00:00Z", end: "2026-01-03T00:00:00Z" };

test("the range is whole minutes from the first to the last reading", () => {
  expect(rangeOf(VIEW, [member("a")])).toEqual({ start: START, end: START + 24 * HOUR });
});

test("a preset counts back from the newest reading, not beyond the first", () => {
  expect(rangeOf({ range: "1h" }, [member("a")])).toEqual({ start: START + 23 * HOUR, end: START + 24 * HOUR });
  expect(rangeOf({ range: "7d" }, [member("a")])).toEqual({ start: START, end: START + 24 * HOUR });
});

test("a line asks for the windows of its series", () => {
  expect(planOf(VIEW, [member("a"), member("b")], NONE)).toMatchObject({
    left: 0,
    step: "auto",
    asks: [
      {
        path: "/api/v1/processed-data",
        query: { stream: "lab", category: ["a"], ...ALL, step: "auto", tz: "Europe/Berlin", limit: "10000" },
      },
    ],
  });
});

test("bars compare the whole range, or a step if one is chosen; heat maps are by the hour", () => {
  const asked = (view: Partial<View>) => planOf({ ...VIEW, ...view }, [member("a")], NONE)!.asks[0]!.query;
  expect(asked({ chart: "bars" })).not.toHaveProperty("step");
  expect(asked({ chart: "bars", step: "1d" })).toMatchObject({ step: "1d" });
  expect(asked({ chart: "heat", step: "1d" })).toMatchObject({ step: "1h" });
});

test("each stream is asked for itself, a hundred categories at a time", () => {
  const members = Array.from({ length: 150 }, (_, number) => member(`a{m=${number}}`)).concat(member("a", "other"));
  const choices = [...CHOICES, { stream: "other", name: "a" }];
  const asks = planOf({ ...VIEW, choices, chart: "bars", by: "*" }, members, NONE)!.asks;
  expect(asks.map(({ query }) => [query["stream"], query["category"]!.length])).toEqual([
    ["lab", 100],
    ["lab", 50],
    ["other", 1],
  ]);
});

test("more groups than a chart can show are left out and counted", () => {
  const members = Array.from({ length: 30 }, (_, number) => member(`a{m=${number}}`));
  const plan = planOf(VIEW, members, NONE)!;
  expect([plan.groups.length, plan.left]).toEqual([24, 6]);
});

const SPLIT = [member("x{m=1}"), member("x{m=2}"), member("y{m=1}"), member("y{m=2}")];
const XY: View = { ...VIEW, chart: "scatter", choices: ["x", "y"].map((name) => ({ stream: "lab", name })) };

test("a scatter of a dataset asks for fields of the same row, with their labels", () => {
  expect(planOf(XY, SPLIT, new Set(["lab"]))).toMatchObject({
    step: null,
    groups: [{ name: "x" }, { name: "y" }],
    asks: [{ path: "/api/v1/raw-rows", query: { stream: "lab", fields: "x,y,m", ...ALL, limit: "10000" } }],
  });
});

test("a scatter of anything else asks for windows of the same bucket", () => {
  expect(planOf(XY, SPLIT, NONE)!.asks.map((ask) => ask.path)).toEqual(["/api/v1/processed-data"]);
  const comma = [member("x,1"), member("y")];
  const choices = ["x,1", "y"].map((name) => ({ stream: "lab", name }));
  expect(planOf({ ...XY, choices }, comma, new Set(["lab"]))!.asks[0]!.path).toBe("/api/v1/processed-data");
});

test("what is chosen and does not exist is told", () => {
  expect(planOf(VIEW, [], NONE)).toBeUndefined();
  expect(unknownChoices(VIEW, [])).toEqual(["lab: a"]);
});

test("the CSV has all lines, not a page of them", () => {
  const ask = planOf(VIEW, [member("a")], NONE)!.asks[0]!;
  expect(csvAddress(ask)).toBe(
    "/api/v1/processed-data?stream=lab&category=a&start=2026-01-02T00%3A00%3A00Z&end=2026-01-03T00%3A00%3A00Z&step=auto&tz=Europe%2FBerlin&format=csv",
  );
});

test("the line for curl is quoted for a shell, and has no key in it", () => {
  const query = { stream: "lab", category: ["it's $HOME"] };
  const ask = { path: "/api/v1/processed-data" as const, query };
  expect(curlLine(ask, "http://127.0.0.1:8000", false)).toBe(
    "curl 'http://127.0.0.1:8000/api/v1/processed-data?stream=lab&category=it%27s+%24HOME'",
  );
  expect(curlLine(ask, "http://it's", true)).toMatch(/^curl -H "Authorization: Bearer \$TIDELINE_KEY" 'http:\/\/it'\\''s\//);
});
