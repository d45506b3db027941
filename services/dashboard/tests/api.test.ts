import { afterEach, expect, test, vi } from "vitest";
import { address, asProblem, get, Problem } from "../src/api";

afterEach(() => vi.unstubAllGlobals());

function answering(status: number, body: string) {
  vi.stubGlobal("fetch", async () => new Response(body, { status }));
}

test("an address repeats lists and leaves out what is not given", () => {
  const query = { category: ["a b", "c"], step: undefined, tz: null, limit: 0 };
  expect(address("/api/v1/streams/{stream}/stop", { stream: "a/b" }, query)).toBe(
    "/api/v1/streams/a%2Fb/stop?category=a+b&category=c&limit=0",
  );
});

test("a problem keeps what is wrong with each field", async () => {
  const errors = [{ field: "rate", message: "must be positive" }];
  answering(422, JSON.stringify({ detail: "rate: must be positive", errors, request_id: "9f86" }));
  const problem = await get("/api/v1/streams").catch(asProblem);
  expect(problem).toEqual(new Problem(422, "rate: must be positive", errors, "9f86"));
});

test("an answer that is no JSON is a problem too", async () => {
  answering(502, "<html>");
  const problem = await get("/api/v1/streams").catch(asProblem);
  expect(problem).toMatchObject({ status: 502, detail: "Tideline answered 502 without saying why" });
});

test("no answer is a problem with status 0", async () => {
  vi.stubGlobal("fetch", async () => Promise.reject(new TypeError("Failed to fetch")));
  expect(await get("/api/v1/streams").catch(asProblem)).toMatchObject({ status: 0 });
});
