import { expect, test } from "vitest";
import { clockAt, fieldInstant, fieldText, instantOf, offset, ticks, tickText } from "../../src/explore/zones";

const HOUR = 3_600_000;
const BERLIN = "Europe/Berlin";

test("offsets are those of the day", () => {
  expect(offset(Date.UTC(2026, 0, 2), BERLIN)).toBe(HOUR);
  expect(offset(Date.UTC(2026, 6, 2), BERLIN)).toBe(2 * HOUR);
  expect(offset(Date.UTC(2026, 0, 2), "Asia/Kathmandu")).toBe(5.75 * HOUR);
  expect(offset(Date.UTC(2026, 0, 2, 3, 4, 5, 678), "America/New_York")).toBe(-5 * HOUR);
});

test("clocks show local time", () => {
  const shown = { year: 2026, month: 1, day: 3, hour: 3, minute: 49 };
  expect(clockAt(Date.UTC(2026, 0, 2, 22, 4, 5), "Asia/Kathmandu")).toEqual(shown);
});

test("what clocks show twice is the first time, what they leave out is just after", () => {
  expect(instantOf(Date.UTC(2026, 9, 25, 2, 30), BERLIN)).toBe(Date.UTC(2026, 9, 25, 0, 30));
  expect(instantOf(Date.UTC(2026, 2, 29, 2, 30), BERLIN)).toBe(Date.UTC(2026, 2, 29, 1, 30));
});

test("a field for date and time is in the zone, both ways", () => {
  const at = Date.UTC(2026, 6, 2, 22, 4);
  expect(fieldText(at, BERLIN)).toBe("2026-07-03T00:04");
  expect(fieldInstant("2026-07-03T00:04", BERLIN)).toBe(at);
  expect(fieldInstant("", BERLIN)).toBeNull();
});

test("ticks are local midnights, also where a day has 23 hours", () => {
  const range = { start: Date.UTC(2026, 2, 27, 12), end: Date.UTC(2026, 2, 31, 12) };
  const found = ticks(range, BERLIN, 6);
  expect(found.map((at) => new Date(at).toISOString())).toEqual([
    "2026-03-27T23:00:00.000Z",
    "2026-03-28T23:00:00.000Z",
    "2026-03-29T22:00:00.000Z",
    "2026-03-30T22:00:00.000Z",
  ]);
  expect(found.map((at) => tickText(at, BERLIN, range))).toEqual(["28 Mar", "29 Mar", "30 Mar", "31 Mar"]);
});

test("there are never more ticks than there is room for, nor any outside the range", () => {
  for (const hours of [0.1, 1, 7, 40, 300, 5_000, 90_000]) {
    const range = { start: Date.UTC(2026, 0, 2, 3, 4), end: Date.UTC(2026, 0, 2, 3, 4) + hours * HOUR };
    const found = ticks(range, "America/New_York", 6);
    expect(found.length).toBeLessThanOrEqual(7);
    expect(found.length).toBeGreaterThanOrEqual(1);
    expect(found.every((at) => at >= range.start && at <= range.end)).toBe(true);
  }
});

test("a tick inside a day is a time", () => {
  const range = { start: Date.UTC(2026, 0, 2), end: Date.UTC(2026, 0, 3) };
  expect(tickText(Date.UTC(2026, 0, 2, 9, 5), "UTC", range)).toBe("09:05");
});

test("over months and years the first days of months are labelled", () => {
  const range = { start: Date.parse("2025-01-01T00:00:00Z"), end: Date.parse("2026-11-21T16:34:00Z") };
  const days = (most: number) => ticks(range, "UTC", most).map((at) => new Date(at).toISOString().slice(0, 10));
  expect(days(4)).toEqual(["2025-01-01", "2025-07-01", "2026-01-01", "2026-07-01"]);
  expect(days(8)[1]).toBe("2025-04-01");
  expect(ticks(range, "Europe/Berlin", 4)).toContain(Date.parse("2025-07-01T00:00:00+02:00"));
});
