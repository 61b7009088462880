import type { Redis } from "ioredis";
import { REVOKED_CHANNEL } from "../service/consent-snapshot.ts";
import type { EndedGrantMessage } from "../service/ended-grants.ts";
import type { Log } from "../service/logger.ts";
import type { GrantStore } from "./adapter/grant-store.ts";

/**
 * The store, telling gateways of each grant that it ends (RFC 6749 section 4.1.2: what a misused code gave is to be
 * revoked; RFC 7009 section 2.1: so is what goes with a refresh token). A message that is lost is caught by their polling.
 */
export function tellingEnds(grants: GrantStore, redis: Redis, log: Log): GrantStore {
  return {
    ...grants,
    async revokeGrant(grant) {
      const lived = await grants.revokeGrant(grant);
      if (!lived) return false;
      log.info({ grant }, "grant ended");
      const message: EndedGrantMessage = { grant };
      await redis
        .publish(REVOKED_CHANNEL, JSON.stringify(message))
        .catch((error: unknown) => log.warn({ err: error, grant }, "end of a grant not published"));
      return true;
    },
  };
}
