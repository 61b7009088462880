import { generateKeyPairSync } from "node:crypto";
import type { RandomBytes } from "./oauth-keys.ts";

/** Name of the Secret with the keys that sign what partners are told of events. */
export const EVENTS_KEYS = "events-keys";

/**
 * The contents of a new Secret `events-keys`: the key that signs security event tokens (ES256), for the events service,
 * and its public half, which the authorization server publishes beside its own.
 */
export function newEventsKeys(random: RandomBytes): Readonly<Record<string, string>> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const said = { kid: `evt-${random(8).toString("hex")}`, alg: "ES256", use: "sig" };
  return {
    "jwks.json": JSON.stringify({ keys: [{ ...privateKey.export({ format: "jwk" }), ...said }] }),
    "public.json": JSON.stringify({ keys: [{ ...publicKey.export({ format: "jwk" }), ...said }] }),
  };
}
