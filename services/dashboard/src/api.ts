/** Requests to our own API, typed from its OpenAPI document: a change there that breaks a page fails the build. */
import type { components, paths } from "./generated/api";

export type Schemas = components["schemas"];
export type StreamLine = Schemas["StreamLine"];
export type BucketLine = Schemas["BucketLine"];

type Method = "get" | "post" | "delete";
type Operation<P extends keyof paths, M extends Method> = paths[P][M];
type Routes<M extends Method> = { [P in keyof paths]: paths[P][M] extends object ? P : never }[keyof paths];
type Parameters<O, Where extends string> = O extends { parameters: { [W in Where]?: infer Given } } ? Given : never;
type Body<O> = O extends { requestBody: { content: { "application/json": infer Given } } } ? Given : never;
type Content<R> = R extends { content: { "application/json": infer Answer } } ? Answer : never;
type Answer<O> = O extends { responses: infer R } ? Content<R[keyof R & (200 | 201 | 202)]> : never;

/** What a request may carry; `signal` breaks it off. */
export interface Asked<O> {
  path?: Parameters<O, "path">;
  query?: Parameters<O, "query">;
  body?: Body<O>;
  signal?: AbortSignal;
}

/** An answer that is no success, or none at all (`status` 0): what is wrong, in words for a person. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly detail: string,
    /** What is wrong with each parameter or field, where the API says so. */
    readonly errors: Record<string, string>[] = [],
    readonly requestId: string | null = null,
  ) {
    super(detail);
  }
}

export const AWAY = "Tideline does not answer: it may be starting, or have been stopped.";

export function get<P extends Routes<"get">>(path: P, asked: Asked<Operation<P, "get">> = {}) {
  return send<Answer<Operation<P, "get">>>("GET", path, asked);
}

export function post<P extends Routes<"post">>(path: P, asked: Asked<Operation<P, "post">> = {}) {
  return send<Answer<Operation<P, "post">>>("POST", path, asked);
}

export function del<P extends Routes<"delete">>(path: P, asked: Asked<Operation<P, "delete">> = {}) {
  return send<Answer<Operation<P, "delete">>>("DELETE", path, asked);
}

/** The address of a route with its parameters; lists are repeated, null and undefined are left out. */
export function address(path: string, pathParameters: object = {}, query: object = {}): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String((pathParameters as Record<string, unknown>)[name])),
  );
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null) search.append(name, String(one));
    }
  }
  return search.size ? `${filled}?${search}` : filled;
}

/** The answer itself, for streamed ones; throws Problem. */
export async function open(url: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, AWAY);
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function send<A>(method: string, path: string, asked: Asked<unknown>): Promise<A> {
  const headers: Record<string, string> = { Accept: "application/json" };
  const init: RequestInit = { method, headers, signal: asked.signal ?? null };
  if (asked.body !== undefined) {
    headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(asked.body);
  }
  const response = await open(address(path, asked.path ?? {}, asked.query ?? {}), init);
  return (await response.json()) as A;
}

async function problemOf(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => null);
  const told = (typeof body === "object" && body !== null ? body : {}) as Partial<Schemas["ProblemBody"]>;
  const detail = told.detail ?? `Tideline answered ${response.status} without saying why`;
  return new Problem(response.status, detail, told.errors ?? [], told.request_id ?? null);
}

/** Anything thrown, as a Problem. */
export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem(0, error instanceof Error ? error.message : String(error));
}
