import type { RandomBytes } from "./oauth-keys.ts";
import { newSigningKeySet } from "./signing-key-set.ts";

/** Name of the Secret with the keys that sign what partners are told of events. */
export const EVENTS_KEYS = "events-keys";

/** The contents of a new Secret `events-keys`, for the events service: security event tokens. */
export function newEventsKeys(random: RandomBytes): Readonly<Record<string, string>> {
  return newSigningKeySet("evt", random);
}
