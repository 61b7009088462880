import type { ListedPartner } from "../service/shards.ts";
import type { Limiter, Taken } from "./limiter.ts";
import type { Refusal } from "./refusal.ts";

/** Whether a partner's call is let in. */
export type Entry =
  | { readonly entered: true }
  | {
      readonly entered: false;
      readonly refusal: Extract<Refusal, "RateLimited" | "TooManyConcurrent">;
      /** Whole seconds to wait, from 1. */
      readonly retryAfter: number;
    };

/** The limits of all partners at this gateway: how many calls at one time, and how many in time. */
export interface Admission {
  /** At once, or after asking the other gateways' shared bucket. */
  enter(partner: ListedPartner): Entry | Promise<Entry>;
  /** A call that entered is over. */
  leave(clientId: string): void;
  /** Calls under way. */
  readonly underWay: number;
}

const ENTERED: Entry = { entered: true };

/** Nobody is here yet. */
export function createAdmission(limiter: Limiter): Admission {
  const calls = new Map<string, number>();
  let underWay = 0;
  const leave = (clientId: string): void => {
    const left = (calls.get(clientId) ?? 1) - 1;
    if (left === 0) calls.delete(clientId);
    else calls.set(clientId, left);
    underWay -= 1;
  };
  return {
    enter({ clientId, shard: { limit } }) {
      const present = calls.get(clientId) ?? 0;
      if (present >= limit.maxConcurrent) {
        return { entered: false, refusal: "TooManyConcurrent", retryAfter: 1 };
      }
      // It counts while it waits for a lease: waiting calls are calls under way too.
      calls.set(clientId, present + 1);
      underWay += 1;
      const decided = (taken: Taken): Entry => {
        if (taken.within) return ENTERED;
        leave(clientId);
        const retryAfter = Math.max(1, Math.ceil(taken.waitMs / 1000));
        return { entered: false, refusal: "RateLimited", retryAfter };
      };
      const taken = limiter.take(clientId, limit);
      return taken instanceof Promise ? taken.then(decided) : decided(taken);
    },
    leave,
    get underWay() {
      return underWay;
    },
  };
}
