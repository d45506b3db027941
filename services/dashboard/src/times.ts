/** Times for people: in the zone of whoever looks, which is named; spans in words. */

/** The zone of whoever looks, as IANA names it. */
export function localZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

/** "21 Nov 2026, 04:47:10" in a zone; say the zone beside it once (`zoneName`). Put together here: Safari would say
 * "at" between day and time. */
export function moment(at: string | number | Date | null | undefined, zone = localZone()): string {
  if (at == null) return "–";
  const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: zone }).format(new Date(at));
  return `${day}, ${clock(at, true, zone)}`;
}

/** "04:47:10" in a zone; without seconds "04:47". */
export function clock(at: string | number | Date | null | undefined, seconds = true, zone = localZone()): string {
  if (at == null) return "–";
  const parts: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", timeZone: zone, hourCycle: "h23" };
  if (seconds) parts.second = "2-digit";
  return new Intl.DateTimeFormat("en-GB", parts).format(new Date(at));
}

/** "Europe/Berlin (GMT+1)". */
export function zoneName(zone = localZone(), at: Date = new Date()): string {
  const parts = new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeZoneName: "shortOffset" }).formatToParts(at);
  const offset = parts.find((part) => part.type === "timeZoneName")?.value;
  return offset && zone !== "UTC" ? `${zone} (${offset})` : zone;
}

/** 3725 → "1 h 2 min"; 9.4 → "9 s". */
export function span(seconds: number | null | undefined): string {
  if (seconds == null) return "–";
  const whole = Math.round(seconds);
  const units: [number, string][] = [
    [86_400, "d"],
    [3_600, "h"],
    [60, "min"],
    [1, "s"],
  ];
  const first = units.findIndex(([size]) => whole >= size);
  if (first < 0) return "0 s";
  const [size, name] = units[first]!;
  const [smaller, smallerName] = units[first + 1] ?? [0, ""];
  const rest = smaller ? Math.floor((whole % size) / smaller) : 0;
  return `${Math.floor(whole / size)} ${name}${rest ? ` ${rest} ${smallerName}` : ""}`;
}
