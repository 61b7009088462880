import type { Redis } from "ioredis";
import { digestText } from "../adapter/digest.ts";

/** How often something may be tried. */
export interface Limit {
  readonly name: string;
  readonly times: number;
  /** From the first try on, in seconds. */
  readonly seconds: number;
}

/** Bounds against guessing and against flooding a customer with codes. */
export const LIMITS = {
  /** By user name, known or not, over all interactions. */
  passwordOfUser: { name: "password-user", times: 10, seconds: 900 },
  passwordOfInteraction: { name: "password-interaction", times: 5, seconds: 900 },
  /** By customer, over all interactions: with {@link CODE_TRIES} a code this is four codes' worth. */
  codeOfCustomer: { name: "code-customer", times: 20, seconds: 3_600 },
  /** By customer, codes in a row that nobody entered. */
  codesSent: { name: "codes-sent", times: 10, seconds: 3_600 },
  codesOfInteraction: { name: "codes-interaction", times: 3, seconds: 900 },
} as const satisfies Readonly<Record<string, Limit>>;

/** Counts tries. */
export interface Attempts {
  /** Counts one try before it is made. @returns false when there have been too many. */
  allow(limit: Limit, who: string): Promise<boolean>;
  /** Forgets the tries: this one was right. */
  forget(limit: Limit, who: string): Promise<void>;
}

/** KEYS: counter. ARGV: seconds. Counting and its end belong together, or a counter could last for ever. */
const COUNT = `
local times = redis.call('INCR', KEYS[1])
if times == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return times`;

export function attemptsIn(redis: Redis): Attempts {
  const keyOf = ({ name }: Limit, who: string): string => `tries:${name}:${digestText(who)}`;
  return {
    async allow(limit, who) {
      const times = await redis.eval(COUNT, 1, keyOf(limit, who), limit.seconds);
      return Number(times) <= limit.times;
    },
    async forget(limit, who) {
      await redis.del(keyOf(limit, who));
    },
  };
}
