/** What a value is measured in, as far as its name and its values tell. */
import { bytes, measured } from "../numbers";
import type { Bucket } from "./traces";

/** `share`: true and false, whose average is how often. */
export type Unit = "" | "share" | "percent" | "bytes" | "bytes/s" | "/s" | "s" | "ms";

const BY_NAME: [RegExp, Unit][] = [
  [/bytes_per_s$/i, "bytes/s"],
  [/per_s$/i, "/s"],
  [/bytes$/i, "bytes"],
  [/(percent|pct)$/i, "percent"],
  [/_ms$/i, "ms"],
  [/(_s|_seconds)$/i, "s"],
];

export function unitOf(name: string, buckets: Pick<Bucket, "min" | "max">[]): Unit {
  const told = BY_NAME.find(([pattern]) => pattern.test(name));
  if (told) return told[1];
  const flags = buckets.length > 0 && buckets.every(({ min, max }) => isFlag(min) && isFlag(max));
  const both = buckets.length > 1 && buckets.some(({ max }) => max === 1); // nothing but 0 may count something
  return flags && (both || /reject|defect|ok$|is_|has_/i.test(name)) ? "share" : "";
}

/** A value with its unit. */
export function withUnit(value: number | null | undefined, unit: Unit, digits = 5): string {
  if (value == null || Number.isNaN(value)) return "–";
  switch (unit) {
    case "share":
      return `${measured(value * 100, 3)} %`;
    case "percent":
      return `${measured(value, 3)} %`;
    case "bytes":
      return bytes(value);
    case "bytes/s":
      return `${bytes(value)}/s`;
    case "/s":
      return `${measured(value, digits)}/s`;
    case "":
      return measured(value, digits);
    default:
      return `${measured(value, digits)} ${unit}`;
  }
}

/** A tick of an axis, short. */
export function tick(value: number, unit: Unit): string {
  if (unit === "" && Math.abs(value) >= 100_000) {
    return new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 4 }).format(value);
  }
  return withUnit(value, unit, 6);
}

/** What stands at an axis. */
export const AXIS: Record<Unit, string> = {
  "": "",
  share: "share",
  percent: "%",
  bytes: "bytes",
  "bytes/s": "bytes/s",
  "/s": "per second",
  s: "seconds",
  ms: "milliseconds",
};

function isFlag(value: number): boolean {
  return value === 0 || value === 1;
}
