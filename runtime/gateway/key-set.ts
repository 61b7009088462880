import { createPublicKey, type KeyObject } from "node:crypto";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import type { Log } from "../service/logger.ts";
import type { KeyOf } from "./access-token.ts";

/** The authorization server's public keys. */
export interface KeySet {
  readonly keyOf: KeyOf;
  /** Reads them again, unless that was done a moment ago. True when they were read. */
  refresh(): Promise<boolean>;
  /** Undefined once keys are here. */
  notLoaded(): string | undefined;
  /** Calls back when a key came or went. */
  onChange(listener: () => void): void;
  stop(): void;
}

/** How keys are read. */
export interface KeySetOptions {
  /** Reads the JWK set, as JSON. */
  readonly read: () => Promise<unknown>;
  readonly log: Log;
  /** Milliseconds that never go back. */
  readonly clock: () => number;
}

/** Unknown key names may cause one reading in so many ms, whatever partners send. */
const PACE_MS = 5_000;
/** Without any cause the keys are read this often, in ms, so that a removed one is forgotten. */
const REFRESH_MS = 300_000;

const Jwks = Compile(
  Type.Object({
    keys: Type.Array(
      Type.Object({
        kty: Type.String(),
        kid: Type.Optional(Type.String()),
        crv: Type.Optional(Type.String()),
        use: Type.Optional(Type.String()),
        x: Type.Optional(Type.String()),
        y: Type.Optional(Type.String()),
      }),
    ),
  }),
);

/** Starts reading keys; the first reading is tried each second until it succeeds. */
export function createKeySet({ read, log, clock }: KeySetOptions): KeySet {
  let keys: ReadonlyMap<string, KeyObject> = new Map();
  let readAt = -Infinity;
  let reading: Promise<boolean> | undefined;
  const listeners = new Set<() => void>();

  const load = async (): Promise<boolean> => {
    try {
      const next = keysOf(await read());
      const same = next.size === keys.size && [...next].every(([kid, key]) => keys.get(kid)?.equals(key));
      keys = next;
      if (same) return true;
      log.info({ kids: [...next.keys()] }, "token keys changed");
      for (const listener of listeners) listener();
      return true;
    } catch (error) {
      log.warn({ err: error }, "token keys not read");
      return false;
    }
  };
  const refresh = (): Promise<boolean> => {
    if (reading !== undefined) return reading;
    if (clock() - readAt < PACE_MS) return Promise.resolve(false);
    readAt = clock();
    reading = load().finally(() => {
      reading = undefined;
    });
    return reading;
  };
  const timer = setInterval(() => {
    const due = keys.size === 0 || clock() - readAt >= REFRESH_MS;
    if (keys.size === 0) readAt = -Infinity;
    if (due) void refresh();
  }, 1_000);
  timer.unref();
  void refresh();
  return {
    keyOf: (kid) => keys.get(kid),
    refresh,
    notLoaded: () => (keys.size === 0 ? "the token keys have not been read yet" : undefined),
    onChange: (listener) => void listeners.add(listener),
    stop: () => clearInterval(timer),
  };
}

/**
 * The P-256 keys of a JWK set by name; others are none of ours.
 *
 * @throws Error when it is no JWK set, or holds no such key.
 */
function keysOf(value: unknown): ReadonlyMap<string, KeyObject> {
  if (!Jwks.Check(value)) throw new Error("The authorization server's answer is no JWK set.");
  const found = new Map<string, KeyObject>();
  for (const { kty, kid, crv, use, x, y } of value.keys) {
    if (kty !== "EC" || crv !== "P-256" || kid === undefined || (use ?? "sig") !== "sig") continue;
    if (x === undefined || y === undefined) continue;
    found.set(kid, createPublicKey({ key: { kty, crv, x, y }, format: "jwk" }));
  }
  if (found.size === 0) throw new Error("The authorization server's JWK set holds no P-256 signing key.");
  return found;
}
