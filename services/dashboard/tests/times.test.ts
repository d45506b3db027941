import { expect, test, vi } from "vitest";
import { clock, moment, span, zoneName } from "../src/times";

const AT = "2026-01-02T22:04:05.678Z";

test("a moment is told in the zone that is asked for", () => {
  expect(moment(AT, "UTC")).toBe("2 Jan 2026, 22:04:05");
  expect(moment(AT, "Asia/Kathmandu")).toBe("3 Jan 2026, 03:49:05");
  expect(moment(null)).toBe("–");
});

test("a moment reads the same where dates and times have a word between them, as in Safari", () => {
  const Real = Intl.DateTimeFormat;
  class Safari {
    private real: Intl.DateTimeFormat;
    constructor(...how: ConstructorParameters<typeof Intl.DateTimeFormat>) {
      this.real = new Real(...how);
    }
    format(at: Date): string {
      return this.real.format(at).replace(", ", " at ");
    }
  }
  vi.stubGlobal("Intl", { DateTimeFormat: Safari });
  expect(moment(AT, "UTC")).toBe("2 Jan 2026, 22:04:05");
  vi.unstubAllGlobals();
});

test("midnight is 00, not 24", () => {
  expect(clock("2026-01-02T00:04:05Z", true, "UTC")).toBe("00:04:05");
  expect(clock("2026-01-02T00:04:05Z", false, "UTC")).toBe("00:04");
});

test("a zone is named with its offset on that day", () => {
  expect(zoneName("Europe/Berlin", new Date("2026-01-02T00:00:00Z"))).toBe("Europe/Berlin (GMT+1)");
  expect(zoneName("UTC")).toBe("UTC");
  expect(zoneName("Europe/Berlin", new Date("2026-07-02T00:00:00Z"))).toBe("Europe/Berlin (GMT+2)");
});

test("a span has at most two units", () => {
  expect(span(0.2)).toBe("0 s");
  expect(span(9.4)).toBe("9 s");
  expect(span(60)).toBe("1 min");
  expect(span(3725)).toBe("1 h 2 min");
  expect(span(90_000)).toBe("1 d 1 h");
});
