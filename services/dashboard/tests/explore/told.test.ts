import { expect, test } from "vitest";
import { period } from "../../src/explore/told";

const at = (text: string) => Date.parse(text);

test("the day stands once where a range is within one, in the zone that is looked at", () => {
  const range = { start: at("2026-01-02T10:00:00Z"), end: at("2026-01-02T23:30:00Z") };
  expect(period(range, "UTC")).toBe("2 Jan 2026, 10:00 to 23:30");
  expect(period(range, "Europe/Berlin")).toBe("2 Jan 2026, 11:00 to 3 Jan 2026, 00:30");
});
