import { Value } from "typebox/value";
import { REVOKED_CHANNEL, RevokedMessage } from "../service/consent-snapshot.ts";
import type { Log } from "../service/logger.ts";
import { hearChannel, type RedisOptions } from "../service/redis.ts";
import type { GrantStore } from "./adapter/grant-store.ts";

/**
 * Ends the grants of consents as they end. Returns how to stop.
 *
 * Tidiness, not safety: each refresh asks the consent service itself, so a message that is lost lets nothing through.
 */
export function followRevocations(redis: RedisOptions, grants: GrantStore, log: Log): () => void {
  return hearChannel(redis, REVOKED_CHANNEL, (text) => {
    const consent = consentIn(text);
    if (consent === undefined) return;
    grants.revokeConsent(consent).then(
      (ended) => log.info({ consent, grants: ended.length }, "consent ended"),
      (error: unknown) => log.warn({ err: error, consent }, "grants of an ended consent not removed"),
    );
  });
}

function consentIn(text: string): string | undefined {
  try {
    const message: unknown = JSON.parse(text);
    return Value.Check(RevokedMessage, message) ? message.consent : undefined;
  } catch {
    return undefined;
  }
}
