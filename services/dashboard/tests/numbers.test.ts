import { expect, test } from "vitest";
import { bytes, count, counted, measured, perSecond, percent, short } from "../src/numbers";

test("counts have thousands, and what is not known is a dash", () => {
  expect(count(1234567)).toBe("1,234,567");
  expect(count(0)).toBe("0");
  expect(count(null)).toBe("–");
});

test("large counts are short where there is little room", () => {
  expect(short(1_234_567)).toBe("1.23M");
  expect(short(999)).toBe("999");
});

test("a measured value has the digits that are worth reading", () => {
  expect(measured(21.254321)).toBe("21.25");
  expect(measured(0.000123456)).toBe("0.0001235");
  expect(measured(123456.7)).toBe("123,457");
  expect(measured(-0)).toBe("0");
  expect(measured(-0.0000000000591234)).toBe("-5.912e-11");
});

test("a rate has fewer digits the larger it is", () => {
  expect(perSecond(4)).toBe("4/s");
  expect(perSecond(4.256)).toBe("4.26/s");
  expect(perSecond(12.34)).toBe("12.3/s");
  expect(perSecond(12345.6)).toBe("12,346/s");
});

test("bytes have decimal units", () => {
  expect(bytes(999)).toBe("999 B");
  expect(bytes(1_536_000)).toBe("1.54 MB");
  expect(bytes(91_000_000_000)).toBe("91 GB");
});

test("a share is a percentage", () => {
  expect(percent(0.1234)).toBe("12.3 %");
  expect(percent(1)).toBe("100 %");
});

test("what is counted has its plural", () => {
  expect([counted(0, "row"), counted(1, "row"), counted(20000, "row")]).toEqual(["0 rows", "1 row", "20,000 rows"]);
});
