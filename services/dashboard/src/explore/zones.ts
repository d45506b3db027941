/** Clocks of any time zone: what they show at an instant, the instant they show something, and round times to label. */
import type { Span } from "./view";

export interface Clock {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const formats = new Map<string, Intl.DateTimeFormat>();

/** How far a zone's clocks are ahead of UTC, in milliseconds. */
export function offset(at: number, zone: string): number {
  let format = formats.get(zone);
  if (!format) {
    const parts = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" } as const;
    format = new Intl.DateTimeFormat("en", { ...parts, second: "numeric", timeZone: zone, hourCycle: "h23" });
    formats.set(zone, format);
  }
  const found: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(at)) found[type] = Number(value);
  const { year, month, day, hour, minute, second } = found as Record<string, number>;
  return Date.UTC(year!, month! - 1, day!, hour, minute, second) - (at - (((at % 1000) + 1000) % 1000));
}

export function clockAt(at: number, zone: string): Clock {
  const shown = new Date(at + offset(at, zone));
  return {
    year: shown.getUTCFullYear(),
    month: shown.getUTCMonth() + 1,
    day: shown.getUTCDate(),
    hour: shown.getUTCHours(),
    minute: shown.getUTCMinutes(),
  };
}

/** The instant at which a zone's clocks show `wall`, told as if it were UTC: the first, where they show it twice; the
 * first after it, where they leave it out. */
export function instantOf(wall: number, zone: string): number {
  const before = wall - offset(wall - DAY, zone);
  const after = wall - offset(wall + DAY, zone);
  const fits = [before, after].filter((at) => at + offset(at, zone) === wall);
  return fits.length ? Math.min(...fits) : Math.max(before, after);
}

/** `2026-11-21T04:47`, as a field for date and time has it, in a zone. */
export function fieldText(at: number, zone: string): string {
  return new Date(at + offset(at, zone)).toISOString().slice(0, 16);
}

/** The instant of such a text; null when it is none. */
export function fieldInstant(text: string, zone: string): number | null {
  const wall = Date.parse(`${text}Z`);
  return Number.isNaN(wall) ? null : instantOf(wall, zone);
}

const EVERY = [1, 2, 5, 10, 15, 30].map((n) => n * MINUTE).concat([1, 2, 3, 6, 12].map((n) => n * HOUR));
const DAYS = [1, 2, 3, 5, 7, 14].map((n) => n * DAY);
const MONTHS = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200];
const MONTH = 30.44 * DAY;

/** Round times of the zone's clocks inside a range, at most `most`. */
export function ticks({ start, end }: Span, zone: string, most: number): number[] {
  const first = start + offset(start, zone);
  const last = end + offset(end, zone);
  const every = [...EVERY, ...DAYS].find((step) => (end - start) / step <= most);
  const found: number[] = [];
  for (const wall of every ? multiples(every, first, last) : monthStarts(first, last, most)) {
    const at = instantOf(wall, zone);
    if (at >= start && at <= end && at !== found.at(-1)) found.push(at);
  }
  return found;
}

function* multiples(every: number, first: number, last: number): Generator<number> {
  for (let wall = Math.ceil(first / every) * every; wall <= last; wall += every) yield wall;
}

/** The first days of every first, second, third … month. */
function* monthStarts(first: number, last: number, most: number): Generator<number> {
  const step = MONTHS.find((months) => (last - first) / (months * MONTH) <= most) ?? MONTHS.at(-1)!;
  const begin = new Date(first);
  const month = begin.getUTCFullYear() * 12 + begin.getUTCMonth();
  for (let at = Math.ceil(month / step) * step; ; at += step) {
    const wall = Date.UTC(Math.floor(at / 12), at % 12, 1);
    if (wall > last) return;
    yield wall;
  }
}

/** A tick in words: the day at midnight, else the time; the year where the range leaves it. */
export function tickText(at: number, zone: string, { start, end }: Span): string {
  const clock = clockAt(at, zone);
  if (clock.hour || clock.minute) return `${two(clock.hour)}:${two(clock.minute)}`;
  const years = clockAt(start, zone).year !== clockAt(end, zone).year;
  const parts: Intl.DateTimeFormatOptions = { day: "numeric", month: "short", timeZone: zone };
  if (years) parts.year = "2-digit";
  return new Intl.DateTimeFormat("en-GB", parts).format(at);
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
