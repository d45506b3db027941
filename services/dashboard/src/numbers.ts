/** Numbers for people: thousands, units, no more digits than tell something. */

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const BYTES = ["B", "kB", "MB", "GB", "TB"] as const;
const DASH = "–";

/** 1234567 → "1,234,567". */
export function count(value: number | null | undefined): string {
  return value == null ? DASH : whole.format(value);
}

/** "1 row", "2,000 rows". */
export function counted(value: number | null | undefined, word: string): string {
  return `${count(value)} ${word}${value === 1 ? "" : "s"}`;
}

/** 1234567 → "1.23M". */
export function short(value: number | null | undefined): string {
  return value == null ? DASH : compact.format(value);
}

/** A measured value: as many digits as are worth reading, thousands set apart; never "-0". */
export function measured(value: number | null | undefined, digits = 4): string {
  if (value == null) return DASH;
  if (value !== 0 && Math.abs(value) < 1e-5) {
    return new Intl.NumberFormat("en", { notation: "scientific", maximumSignificantDigits: digits }).format(value).replace("E", "e");
  }
  const whole = Math.abs(value) >= 10 ** digits;
  const text = new Intl.NumberFormat("en", whole ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: digits });
  return text.format(value === 0 ? 0 : value);
}

/** Events a second: "4.2/s", "12,000/s". */
export function perSecond(value: number | null | undefined): string {
  if (value == null) return DASH;
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${new Intl.NumberFormat("en", { maximumFractionDigits: digits }).format(value)}/s`;
}

/** 1536000 → "1.54 MB" (decimal units). */
export function bytes(value: number | null | undefined): string {
  if (value == null) return DASH;
  let unit = 0;
  let rest = value;
  while (rest >= 1000 && unit < BYTES.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  return `${new Intl.NumberFormat("en", { maximumSignificantDigits: 3 }).format(rest)} ${BYTES[unit]}`;
}

/** 0.123 → "12.3 %". */
export function percent(share: number | null | undefined): string {
  if (share == null) return DASH;
  return `${new Intl.NumberFormat("en", { maximumFractionDigits: 1 }).format(share * 100)} %`;
}
