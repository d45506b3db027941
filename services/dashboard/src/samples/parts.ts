/** `/api/v1/aggregate-data` as it comes: a line for each part the moment it is ready. */
import { open, type Schemas } from "../api";

export type Row = Record<string, string | number | boolean | null>;
interface Data {
  "random-int": Schemas["RandomInt"];
  table: Row[];
  "time-series": Schemas["Point"][];
}
export type Name = keyof Data;

/** What became of one part: its data, or why there is none; `ms`: how long it took. */
export interface Part<N extends Name> {
  data?: Data[N];
  error?: { status: number; detail: string };
  ms: number;
}
export type Parts = { [N in Name]?: Part<N> };

export const NAMES: Name[] = ["random-int", "time-series", "table"];

/** Whole lines out of pieces that end anywhere; what is left of the last one comes with the end. */
export async function* lines(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  for await (const piece of pieces) {
    const parts = (rest + piece).split("\n");
    rest = parts.pop() ?? "";
    yield* parts.filter(Boolean);
  }
  if (rest) yield rest;
}

/** Ask for all three and tell each as it arrives. Throws Problem when none can come. */
export async function askParts(arrived: (part: Parts) => void, signal: AbortSignal): Promise<void> {
  const begin = performance.now();
  const response = await open("/api/v1/aggregate-data", { headers: { Accept: "application/x-ndjson" }, signal });
  const text = response.body!.pipeThrough(new TextDecoderStream());
  for await (const line of lines(pieces(text.getReader()))) {
    const { part, ...told } = JSON.parse(line) as { part: Name };
    arrived({ [part]: { ...told, ms: performance.now() - begin } });
  }
}

/** Not every browser iterates a stream by itself. */
async function* pieces(reader: ReadableStreamDefaultReader<string>): AsyncGenerator<string> {
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
}
