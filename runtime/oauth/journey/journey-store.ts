import type { Redis } from "ioredis";
import { digestText } from "../adapter/digest.ts";
import { CODE_TRIES } from "./one-time-code.ts";

/** How far a customer has come in one interaction. */
export interface Journey {
  /** Who gave name and password; not yet trusted. */
  readonly customer?: string;
  /** Milliseconds since 1970 when she gave the right code as well. */
  readonly authenticatedAt?: number;
  /** Of a payment: what the code was made for that she gave. */
  readonly linked?: string;
}

/** What came of typing a code. `spent`: that was the last try, or there was none left. */
export type CodeResult = "right" | "wrong" | "spent" | "expired" | "none";

/** A code that was sent. */
export interface MadeCode {
  readonly digest: string;
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly link: string | undefined;
}

/** Where customers are in their interactions. */
export interface JourneyStore {
  find(interaction: string): Promise<Journey>;
  /** Name and password were right. */
  loggedIn(interaction: string, customer: string): Promise<void>;
  /** A code was made; it replaces any earlier one. */
  codeMade(interaction: string, code: MadeCode): Promise<void>;
  /** Atomic: any number of concurrent tries count one by one, and a right code works once. */
  tryCode(interaction: string, digest: string, now: number): Promise<CodeResult>;
  /** True for the first of any number of concurrent decisions. */
  claimDecision(interaction: string): Promise<boolean>;
  /** The decision could not be carried out; it may be made again. */
  releaseDecision(interaction: string): Promise<void>;
  remove(interaction: string): Promise<void>;
}

/** KEYS: journey. ARGV: digest, now in ms, tries. */
const TRY_CODE = `
local kept = redis.call('HMGET', KEYS[1], 'code', 'until')
if not kept[1] then return 'none' end
if tonumber(ARGV[2]) > tonumber(kept[2]) then redis.call('HDEL', KEYS[1], 'code') return 'expired' end
local tries = redis.call('HINCRBY', KEYS[1], 'tries', 1)
if kept[1] == ARGV[1] and tries <= tonumber(ARGV[3]) then
  redis.call('HDEL', KEYS[1], 'code')
  redis.call('HSET', KEYS[1], 'authenticatedAt', ARGV[2], 'linked', redis.call('HGET', KEYS[1], 'link') or '')
  return 'right'
end
if tries >= tonumber(ARGV[3]) then redis.call('HDEL', KEYS[1], 'code') return 'spent' end
return 'wrong'`;

/** @param seconds how long an interaction may last. */
export function journeyStore(redis: Redis, seconds: number): JourneyStore {
  const keyOf = (interaction: string): string => `journey:${digestText(interaction)}`;
  const set = async (
    interaction: string,
    fields: Readonly<Record<string, string | number>>,
  ): Promise<void> => {
    const key = keyOf(interaction);
    const results = await redis.multi().hset(key, fields).expire(key, seconds).exec();
    const failed = results?.find(([error]) => error !== null)?.[0];
    if (results === null || failed) throw new Error("Redis did not keep an interaction.", { cause: failed });
  };
  return {
    async find(interaction) {
      const names = ["customer", "authenticatedAt", "linked"] as const;
      const [customer, at, linked] = await redis.hmget(keyOf(interaction), ...names);
      return {
        ...(customer ? { customer } : {}),
        ...(at ? { authenticatedAt: Number(at) } : {}),
        ...(linked ? { linked } : {}),
      };
    },
    loggedIn: (interaction, customer) => set(interaction, { customer }),
    codeMade: (interaction, { digest, until, link = "" }) =>
      set(interaction, { code: digest, until, link, tries: 0 }),
    async tryCode(interaction, digest, now) {
      return (await redis.eval(TRY_CODE, 1, keyOf(interaction), digest, now, CODE_TRIES)) as CodeResult;
    },
    async claimDecision(interaction) {
      return (await redis.hsetnx(keyOf(interaction), "decided", "1")) === 1;
    },
    async releaseDecision(interaction) {
      await redis.hdel(keyOf(interaction), "decided");
    },
    async remove(interaction) {
      await redis.del(keyOf(interaction));
    },
  };
}
