/** A wish as it is carried out: sent, then followed until each letter has its outcome. */
import { computed, onUnmounted, ref, shallowRef } from "vue";
import { asProblem, get, post, type Problem, type Schemas } from "../api";
import { keyOf } from "./letters";
import { bodiesOf, booked, fateOf, type Body, type Followed, type Kind, type Said, type Wish } from "./wishes";

const ASK_AGAIN_MS = 500;
/** So many are asked about at once. */
const AT_ONCE = 40;

/** `changed` is called when the letters are no longer as they were. */
export function useWishes(changed: () => void) {
  const kind = ref<Kind>("replay");
  const followed = shallowRef<Followed[]>([]);
  const problem = shallowRef<Problem>();
  const sending = ref(false);
  const shown = ref(false);
  let run = 0;

  const waiting = computed(() => followed.value.filter((one) => one.fate === "waits"));
  const busy = computed(() => sending.value || waiting.value.length > 0);

  /** Returns when the first of it is booked; the rest goes on by itself. Throws Problem when nothing is. */
  async function carryOut(wish: Wish, said: Said): Promise<void> {
    const [first, ...others] = bodiesOf(wish, said) as [Body, ...Body[]];
    const answer = await send(wish.kind, first);
    const mine = (run += 1);
    kind.value = wish.kind;
    problem.value = undefined;
    followed.value = answer.letters.map(booked);
    shown.value = true;
    void goOn(mine, wish.kind, answer.next ? [{ ...first, cursor: answer.next }] : others);
  }

  async function goOn(mine: number, kind: Kind, others: Body[]): Promise<void> {
    changed();
    sending.value = true;
    try {
      for (let next = others.shift(); next && run === mine; next = others.shift()) {
        const answer = await send(kind, next);
        followed.value = [...followed.value, ...answer.letters.map(booked)];
        if (answer.next) others.push({ ...next, cursor: answer.next });
      }
    } catch (error) {
      problem.value = asProblem(error);
    }
    sending.value = false;
    while (run === mine && waiting.value.length) {
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
      await look(mine);
    }
    if (run === mine) changed();
  }

  async function look(mine: number): Promise<void> {
    try {
      const found = await Promise.all(waiting.value.slice(0, AT_ONCE).map(now));
      const news = new Map(found.map((one) => [keyOf(one.place), one]));
      if (run !== mine) return;
      const rest = followed.value.filter((one) => !news.has(keyOf(one.place)));
      followed.value = [...rest, ...news.values()]; // those that still wait come last: others are asked about next
      problem.value = undefined;
    } catch (error) {
      problem.value = asProblem(error);
    }
  }

  function forget(): void {
    run += 1;
    shown.value = false;
    followed.value = [];
  }

  onUnmounted(() => (run += 1));
  return { kind, followed, problem, busy, shown, carryOut, forget };
}

function send(kind: Kind, body: Body): Promise<Schemas["WishBody"]> {
  return kind === "discard"
    ? post("/api/v1/dead-letters/discard", { body: body as Schemas["DiscardWish"] })
    : post("/api/v1/dead-letters/replay", { body: body as Schemas["ReplayWish"] });
}

async function now({ place }: Followed): Promise<Followed> {
  const { generation, ...path } = place;
  const letter = await get("/api/v1/dead-letters/{topic}/{partition}/{offset}", { path, query: { generation } });
  return { place, ...fateOf(letter) };
}
