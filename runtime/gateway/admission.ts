import type { ListedPartner } from "../service/shards.ts";
import { admit, FULL, type Bucket } from "./rate-limit.ts";
import type { Refusal } from "./refusal.ts";

/** Whether a partner's call is let in, and what is left. */
export type Entry =
  | { readonly entered: true; readonly remaining: number }
  | {
      readonly entered: false;
      readonly refusal: Extract<Refusal, "RateLimited" | "TooManyConcurrent">;
      /** Whole seconds to wait, from 1. */
      readonly retryAfter: number;
    };

/** The limits of all partners at this gateway. */
export interface AdmissionDesk {
  enter(partner: ListedPartner): Entry;
  /** A call that entered is over. */
  leave(clientId: string): void;
  /** Calls under way. */
  readonly underWay: number;
}

/** Nobody is here yet. */
export function createAdmissionDesk(clock: () => number): AdmissionDesk {
  const buckets = new Map<string, Bucket>();
  const calls = new Map<string, number>();
  let underWay = 0;
  return {
    enter({ clientId, shard: { limit } }) {
      const present = calls.get(clientId) ?? 0;
      if (present >= limit.maxConcurrent) {
        return { entered: false, refusal: "TooManyConcurrent", retryAfter: 1 };
      }
      const { admitted, bucket, waitMs, remaining } = admit(buckets.get(clientId) ?? FULL, limit, clock());
      if (!admitted) {
        return { entered: false, refusal: "RateLimited", retryAfter: Math.max(1, Math.ceil(waitMs / 1000)) };
      }
      buckets.set(clientId, bucket);
      calls.set(clientId, present + 1);
      underWay += 1;
      return { entered: true, remaining };
    },
    leave(clientId) {
      const left = (calls.get(clientId) ?? 1) - 1;
      if (left === 0) calls.delete(clientId);
      else calls.set(clientId, left);
      underWay -= 1;
    },
    get underWay() {
      return underWay;
    },
  };
}
