import type { Redis } from "ioredis";
import { Value } from "typebox/value";
import { REVOKED_CHANNEL, RevokedMessage } from "../service/consent-snapshot.ts";
import type { Log } from "../service/logger.ts";
import type { GrantStore } from "./adapter/grant-store.ts";

/**
 * Ends the grants of consents as they end.
 *
 * Tidiness, not safety: each refresh asks the consent service itself, so a message that is lost lets nothing through.
 *
 * @param connection used for nothing else. Returns how to stop.
 */
export function followRevocations(connection: Redis, grants: GrantStore, log: Log): () => void {
  connection.on("message", (channel: string, text: string) => {
    if (channel !== REVOKED_CHANNEL) return;
    const consent = consentIn(text);
    if (consent === undefined) return;
    grants.revokeConsent(consent).then(
      (ended) => log.info({ consent, grants: ended.length }, "consent ended"),
      (error: unknown) => log.warn({ err: error, consent }, "grants of an ended consent not removed"),
    );
  });
  const subscribe = (): void => {
    connection.subscribe(REVOKED_CHANNEL).catch((error: unknown) => {
      log.warn({ err: error }, "not subscribed to the ends of consents");
    });
  };
  // At each connection: a Redis that is not there yet must not keep the authorization server from starting.
  connection.on("ready", subscribe);
  connection.on("error", () => undefined);
  if (connection.status === "ready") subscribe();
  return () => connection.disconnect();
}

function consentIn(text: string): string | undefined {
  try {
    const message: unknown = JSON.parse(text);
    return Value.Check(RevokedMessage, message) ? message.consent : undefined;
  } catch {
    return undefined;
  }
}
