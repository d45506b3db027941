/** Who looks: whether a key is wanted, and what the one that was given may do. */
import { inject, provide, shallowRef, type InjectionKey, type ShallowRef } from "vue";
import { del, get, open, type Schemas } from "./api";

type Session = Schemas["SessionBody"];

export interface Access {
  /** undefined before the first answer. */
  session: ShallowRef<Session | undefined>;
  /** Ask anew. Throws Problem. */
  look(): Promise<void>;
  /** Trade a key for a cookie, which no script can read. Throws Problem. */
  enter(key: string): Promise<void>;
  /** Forget the cookie. */
  leave(): Promise<void>;
}

const KEY: InjectionKey<Access> = Symbol("access");

export function provideAccess(): Access {
  const session = shallowRef<Session>();
  const access: Access = {
    session,
    async look() {
      session.value = await get("/api/v1/session");
    },
    async enter(key) {
      const headers = { Authorization: `Bearer ${key}`, Accept: "application/json" };
      session.value = (await (await open("/api/v1/session", { method: "POST", headers })).json()) as Session;
    },
    async leave() {
      await del("/api/v1/session");
      await access.look();
    },
  };
  provide(KEY, access);
  return access;
}

export function useAccess(): Access {
  const access = inject(KEY);
  if (!access) throw new Error("the page has no access provided");
  return access;
}
