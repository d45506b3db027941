/** Dead letters, and which of them are shown. Pure. */
import type { LocationQuery, LocationQueryRaw } from "vue-router";
import type { Schemas } from "../api";

export type Letter = Schemas["LetterLine"];
export type State = Letter["state"];
export type Place = Pick<Letter, "generation" | "topic" | "partition" | "offset">;

export const STATES = ["open", "replayed", "discarded"] as const satisfies State[];

export interface Filter {
  reason: string | null;
  /** null: whatever became of them. */
  state: State | null;
  text: string;
}

const ALL = "all";

/** Usually those of which nothing has become yet. */
export function filterOf(query: LocationQuery): Filter {
  const [reason, state, text] = ["reason", "state", "text"].map((name) => [query[name]].flat()[0] ?? "");
  return {
    reason: reason || null,
    state: state === ALL ? null : (STATES.find((one) => one === state) ?? "open"),
    text: text ?? "",
  };
}

export function filterQuery({ reason, state, text }: Filter): LocationQueryRaw {
  return {
    ...(reason && { reason }),
    ...(state !== "open" && { state: state ?? ALL }),
    ...(text && { text }),
  };
}

/** What the API is asked for. */
export function wanted({ reason, state, text }: Filter): { reason?: string[]; state?: State; text?: string } {
  return { ...(reason && { reason: [reason] }), ...(state && { state }), ...(text && { text }) };
}

/** Bytes as a person can read them: those that are no printable ASCII as `\xE4`, and a backslash doubled. */
export function readable(value: string | null | undefined, encoding: "text" | "base64" | null | undefined): string {
  if (value == null) return "";
  if (encoding !== "base64") return value;
  return [...atob(value)]
    .map((one) => {
      const code = one.charCodeAt(0);
      if (one === "\\") return "\\\\";
      return code >= 32 && code < 127 ? one : `\\x${code.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");
}

/** What stands for bytes that are no UTF-8. */
export const UNREADABLE = "\uFFFD";

/** A value as text to be edited. */
export function wholeText(value: string | null, encoding: "text" | "base64" | null): string {
  if (value === null || encoding !== "base64") return value ?? "";
  return new TextDecoder().decode(Uint8Array.from(atob(value), (one) => one.charCodeAt(0)));
}

export function placeOf({ topic, partition, offset }: Omit<Place, "generation">): string {
  return `${topic}/${partition}/${offset}`;
}

export function keyOf(letter: Place): string {
  return `${letter.generation} ${placeOf(letter)}`;
}
