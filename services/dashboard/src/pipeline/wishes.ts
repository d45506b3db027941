/** What somebody wants of dead letters, as requests; and what became of each, in words. Pure. */
import type { Schemas } from "../api";
import { count } from "../numbers";
import { placeOf, type Letter, type Place } from "./letters";

/** `edit`: one, with another value. */
export type Kind = "replay" | "edit" | "discard";

export interface Wish {
  kind: Kind;
  /** These, else all open ones that fit `filter`. */
  letters?: Letter[];
  filter?: Pick<Schemas["LetterFilter"], "reason" | "text">;
  /** How many that is; undefined: not known before. */
  count?: number | undefined;
}

/** What the dialog adds to a wish. */
export interface Said {
  value: string;
  note: string;
}

/** `waits`: on its way; `none`: nothing was done. */
export type Fate = "waits" | "taken" | "refused" | "discarded" | "none";

export interface Followed {
  place: Place;
  fate: Fate;
  detail: string;
}

export type Body = Schemas["ReplayWish"] | Schemas["DiscardWish"];

const A_REQUEST = 1_000;

/** The bodies to be sent one after the other; one with a filter is sent again as long as there are more. */
export function bodiesOf({ kind, letters, filter }: Wish, { value, note }: Said): Body[] {
  const more = kind === "edit" ? { value } : kind === "discard" ? { note } : {};
  if (!letters) return [{ filter: filter ?? {}, limit: A_REQUEST, ...more }];
  const places = letters.map(({ topic, partition, offset, generation }) => ({ topic, partition, offset, generation }));
  const parts = Array.from({ length: Math.ceil(places.length / A_REQUEST) }, (_, n) => places.slice(n * A_REQUEST, (n + 1) * A_REQUEST));
  return parts.map((part) => ({ letters: part, ...more }));
}

/** What is known of a letter right after it was asked for. */
export function booked({ outcome, ...place }: Schemas["WishedLetter"]): Followed {
  switch (outcome) {
    case "requested":
      return { place, fate: "waits", detail: "" };
    case "replayed":
      return { place, fate: "taken", detail: "it was taken before; nothing was sent" };
    case "discarded":
      return { place, fate: "discarded", detail: "it was discarded before" };
    case "too_large":
      return { place, fate: "none", detail: "too large to be published as it is: replay it edited" };
    case "unknown":
      return { place, fate: "none", detail: "there is no such letter any more" };
  }
}

/** What became of a letter, as it reads now. */
export function fateOf(letter: Pick<Letter, "state" | "requested_at" | "tried_detail" | "tried_reason">): Pick<Followed, "fate" | "detail"> {
  if (letter.requested_at) return { fate: "waits", detail: "" };
  if (letter.state === "replayed") return { fate: "taken", detail: "" };
  if (letter.state === "discarded") return { fate: "discarded", detail: "" };
  return { fate: "refused", detail: letter.tried_detail ?? letter.tried_reason ?? "" };
}

export const FATES: Record<Fate, { mark: string; word: string }> = {
  waits: { mark: "…", word: "on its way" },
  taken: { mark: "✓", word: "taken" },
  refused: { mark: "✗", word: "refused again" },
  discarded: { mark: "–", word: "discarded" },
  none: { mark: "!", word: "not done" },
};

/** "40 taken, 5 refused again, 15 on their way". */
export function summary(followed: Followed[]): string {
  const words: Partial<Record<Fate, string>> = { waits: "on their way" };
  const parts = (["taken", "discarded", "refused", "none", "waits"] as const).flatMap((fate) => {
    const n = followed.filter((one) => one.fate === fate).length;
    return n ? [`${count(n)} ${words[fate] ?? FATES[fate].word}`] : [];
  });
  return parts.join(", ") || "None was there any more";
}

/** "3 dead letters", "all 1,204 open ones", "readings/3/1204". */
export function meant({ letters, count: many }: Wish): string {
  if (letters?.length === 1) return `dead letter ${placeOf(letters[0]!)}`;
  if (letters) return `${count(letters.length)} dead letters`;
  return many === undefined ? "all open ones that fit" : many === 1 ? "the one that is open" : `all ${count(many)} that are open`;
}
