import { expect, test } from "vitest";
import type { StreamLine } from "../src/api";
import { changes, described, inOrder, placeOf, remark, share, withStates } from "../src/streams";

function stream(fields: Partial<StreamLine>): StreamLine {
  const times = { run_start: null, started_at: null, created_at: null, updated_at: null };
  const rest = { built_in: false, spec: {}, desired: "running", reason: null, run: 1, position: 0, owner: null, progress: {} };
  return { id: "lab", kind: "simulation", state: "running", ...rest, ...times, ...fields } as StreamLine;
}

test("what runs comes first, then what failed, then what ended, then what others publish; each by name", () => {
  const lines = [
    stream({ id: "outside", kind: "external", state: null }),
    stream({ id: "demo", built_in: true }),
    stream({ id: "prices", built_in: true, state: "completed" }),
    stream({ id: "done", state: "completed" }),
    stream({ id: "torn", state: "failed" }),
    stream({ id: "line-10" }),
    stream({ id: "line-2", state: "paused" }),
  ];
  const order = ["line-2", "line-10", "demo", "torn", "done", "prices", "outside"];
  expect(inOrder(lines).map(({ id }) => id)).toEqual(order);
});

test("a row keeps its place, whatever becomes of it", () => {
  const [first, second, torn] = [stream({ id: "a" }), stream({ id: "b" }), stream({ id: "torn", state: "failed" })];
  const kept = new Map([first, second, torn].map((line) => [line.id, placeOf(line)]));
  const now = [torn, { ...first, state: "stopped" as const }, second, stream({ id: "new" })];
  expect(inOrder(now, kept).map(({ id }) => id)).toEqual(["a", "b", "new", "torn"]);
});

test("states that are told move the list on", () => {
  const told = [{ stream: "lab", state: "paused", position: 40, run: 1 } as const];
  expect(withStates([stream({})], told)).toEqual([stream({ state: "paused", position: 40 })]);
});

test("a stream that is deleted leaves the list, at once or when its run has ended", () => {
  expect(withStates([stream({})], [{ stream: "lab", state: "deleted" }])).toEqual([]);
  const stopping = withStates([stream({})], [{ stream: "lab", state: "stopping", desired: "deleted" }]);
  expect(stopping).toHaveLength(1);
  expect(withStates(stopping!, [{ stream: "lab", state: "stopped", desired: "deleted" }])).toEqual([]);
});

test("a new stream, or a new run with a spec of its own, has to be read", () => {
  expect(withStates([], [{ stream: "lab", state: "running" }])).toBeUndefined();
  expect(withStates([stream({})], [{ stream: "lab", state: "pending", run: 2 }])).toBeUndefined();
});

test("a simulation is as far as its events, by its count or its duration", () => {
  expect(share(stream({ spec: { count: 200 }, position: 50 }))).toBe(0.25);
  expect(share(stream({ spec: { profile: "sensor", duration: 10 }, position: 25 }))).toBe(0.5);
  expect(share(stream({ position: 50 }))).toBeUndefined();
});

test("a dataset is as far as its bytes, first pulled and then read", () => {
  const dataset = (progress: object) => share(stream({ kind: "dataset", progress: progress as Record<string, never> }));
  expect(dataset({ phase: "pulling", bytes: 10, bytes_total: 40 })).toBe(0.25);
  expect(dataset({ phase: "pulling", bytes: 10, bytes_total: null })).toBeUndefined();
  expect(dataset({ phase: "publishing", bytes: 40, bytes_total: 40, bytes_read: 20 })).toBe(0.5);
  expect(dataset({ phase: "done" })).toBe(1);
});

test("a stream is described by what feeds it", () => {
  expect(described(stream({ spec: { profile: "sensor" } }))).toBe("sensor, 5/s");
  expect(described(stream({ spec: { profile: "prices", rate: 0.5, count: 4968 } }))).toBe("prices, 0.5/s, 4,968 events");
  expect(described(stream({ kind: "dataset", spec: { url: "http://a.example/x/molding.json?y=1" } }))).toBe("molding.json");
});

test("a backfill says how far behind it is, an end why it came", () => {
  expect(remark(stream({ progress: { behind_s: 7200 } as never }))).toBe("backfills: 2 h behind now");
  expect(remark(stream({ progress: { behind_s: 0.1 } as never }))).toBeUndefined();
  expect(remark(stream({ state: "failed", reason: "404 Not Found" }))).toBe("404 Not Found");
});

test("only changes that make sense are offered", () => {
  expect(changes(stream({}))).toEqual(["pause", "stop"]);
  expect(changes(stream({ state: "paused" }))).toEqual(["resume", "stop"]);
  expect(changes(stream({ state: "failed" }))).toEqual(["start"]);
  expect(changes(stream({ state: "stopping" }))).toEqual([]);
});
