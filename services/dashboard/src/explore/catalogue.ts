/** Which series there are, as a person chooses them: `CycleTime{machine=M-3}` is CycleTime of machine M-3. */
import type { Schemas } from "../api";
import { grouped } from "./grouped";
import { TOGETHER, type Choice } from "./view";

export type SeriesLine = Schemas["SeriesLine"];
export type Labels = Record<string, string>;

/** A series, its category taken apart. */
export interface Member {
  stream: string;
  category: string;
  name: string;
  labels: Labels;
  first: number;
  last: number;
  count: number;
}

/** Series that are shown as one. */
export interface Group {
  key: string;
  stream: string;
  name: string;
  /** What sets it apart from others of its name. */
  labels: Labels;
  members: Member[];
}

/** All series of a name in a stream. */
export interface Measure {
  stream: string;
  name: string;
  members: Member[];
}

const LABELLED = /^([^{}]*)\{([^{}]*)\}$/;
const QUOTED = /%(2C|3D|7B|7D|25)/g; // , = { } %

export function memberOf(line: SeriesLine): Member {
  const found = LABELLED.exec(line.category);
  const pairs = found?.[2] ? found[2].split(",").map((pair) => pair.split("=")) : [];
  return {
    stream: line.stream,
    category: line.category,
    name: found ? plain(found[1]!) : line.category,
    labels: Object.fromEntries(pairs.map(([name, value]) => [plain(name ?? ""), plain(value ?? "")])),
    first: Date.parse(line.first),
    last: Date.parse(line.last),
    count: line.count,
  };
}

/** By stream and name, in the order of the list. */
export function measures(members: Member[]): Measure[] {
  const found = grouped(members, (member) => `${member.stream}:${member.name}`);
  return [...found.values()].map((mine) => ({ stream: mine[0]!.stream, name: mine[0]!.name, members: mine }));
}

/** The series of a choice: that category, else all of that name. */
export function chosen(choice: Choice, members: Member[]): Member[] {
  const inStream = members.filter((member) => member.stream === choice.stream);
  const exact = inStream.filter((member) => member.category === choice.name);
  return exact.length ? exact : inStream.filter((member) => member.name === choice.name);
}

/** The labels that the series of the choices have, which is what they can be grouped by. */
export function labelNames(members: Member[]): string[] {
  return [...new Set(members.flatMap((member) => Object.keys(member.labels)))];
}

/** What is chosen, as it is to be shown; no series twice. */
export function groups(choices: Choice[], members: Member[], by: string | null): Group[] {
  const taken = new Set<Member>();
  const found = new Map<string, Group>();
  for (const member of choices.flatMap((choice) => chosen(choice, members))) {
    if (taken.has(member)) continue;
    taken.add(member);
    const labels = by === null ? member.labels : by === TOGETHER ? {} : labelled(member, by);
    const key = keyOf(member, labels);
    const group = found.get(key) ?? { key, stream: member.stream, name: member.name, labels, members: [] };
    group.members.push(member);
    found.set(key, group);
  }
  return [...found.values()];
}

/** `lab-3:CycleTime{machine=M-3}`: readable, as it stands in addresses. */
function keyOf({ stream, name }: Member, labels: Labels): string {
  const pairs = Object.entries(labels).map((pair) => pair.map(encodeURIComponent).join("="));
  return `${stream}:${name}${pairs.length ? `{${pairs.join(",")}}` : ""}`;
}

/** The part of a dotted name that it may share with others, and the rest. */
export function parts(name: string): [string, string] {
  const dot = name.indexOf(".") + 1;
  return [name.slice(0, dot), name.slice(dot)];
}

/** Names that are as short as they can be and still tell the groups apart. */
export function shortNames(shown: Pick<Group, "stream" | "name" | "labels">[]): string[] {
  const streams = new Set(shown.map((group) => group.stream));
  const names = [...new Set(shown.map((group) => group.name))];
  const short = new Map(names.map((name, index) => [name, withoutCommon(names)[index]!]));
  return shown.map((group) => {
    const labels = Object.values(group.labels).join(", ");
    const name = names.length === 1 && labels && shown.length > 1 ? "" : short.get(group.name)!;
    const stream = streams.size > 1 ? group.stream : "";
    return [stream, name, labels].filter(Boolean).join(" · ");
  });
}

/** `a.b.x.reject`, `a.b.y.reject` → `x`, `y`: the dotted parts that all of them share say nothing. */
export function withoutCommon(names: string[]): string[] {
  if (names.length < 2) return names;
  const parts = names.map((name) => name.split("."));
  const least = Math.min(...parts.map((part) => part.length)) - 1;
  const same = (index: (part: string[]) => string | undefined) => new Set(parts.map(index)).size === 1;
  let front = 0;
  while (front < least && same((part) => part[front])) front += 1;
  let back = 0;
  while (back < least - front && same((part) => part.at(-1 - back))) back += 1;
  return parts.map((part) => part.slice(front, part.length - back).join("."));
}

function labelled(member: Member, by: string): Labels {
  const value = member.labels[by];
  return value === undefined ? {} : { [by]: value };
}

function plain(text: string): string {
  return text.replace(QUOTED, (found) => decodeURIComponent(found));
}
