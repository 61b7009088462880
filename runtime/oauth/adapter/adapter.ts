import { type Adapter, type AdapterFactory, errors, Provider } from "oidc-provider";
import type { ClientMetadata } from "oidc-provider";
import type { GrantStore } from "./grant-store.ts";
import type { OneTimeStore } from "./one-time-store.ts";

/** Key of `ctx.state` under which the earliest possible time of a client assertion's making stands (Unix time). */
export const ASSERTION_ISSUED = "assertionIssued";

/** How long a pushed request is remembered after its own end, in seconds: as long as an interaction may last. */
const INTERACTION_SECONDS = 600;

/** Where the authorization server keeps things. */
export interface Stores {
  readonly oneTime: OneTimeStore;
  readonly grants: GrantStore;
  /** Metadata of a client that may be served now. */
  client(id: string): ClientMetadata | undefined;
}

/**
 * oidc-provider's storage: one-time things in Redis with atomic use, lasting things in Postgres, clients in memory.
 *
 * `consume` and the detection of replays throw on loss, which is what makes them safe against concurrency.
 */
export function adapterFactory(stores: Stores): AdapterFactory {
  return (model) => {
    switch (model) {
      case "Client":
        return { ...nothing, find: async (id) => stores.client(id) };
      case "Grant":
        return grantAdapter(stores);
      case "RefreshToken":
        return refreshTokenAdapter(stores);
      case "ReplayDetection":
        return replayAdapter(stores);
      case "AccessToken":
      case "ClientCredentials":
        // Both are JWTs, which are never stored; the gateway refuses them by consent and grant.
        return nothing;
      default:
        return oneTimeAdapter(model, stores);
    }
  };
}

/** An adapter that keeps nothing. */
const nothing: Adapter = {
  upsert: async () => {},
  find: async () => undefined,
  findByUserCode: async () => undefined,
  findByUid: async () => undefined,
  consume: async () => {},
  destroy: async () => {},
  revokeByGrantId: async () => {},
};

function grantAdapter({ grants }: Stores): Adapter {
  return {
    ...nothing,
    upsert: (id, payload, seconds = 0) => grants.saveGrant(id, payload, seconds),
    find: (id) => grants.findGrant(id),
    destroy: async (id) => void (await grants.revokeGrant(id)),
    revokeByGrantId: async (id) => void (await grants.revokeGrant(id)),
  };
}

function refreshTokenAdapter({ grants }: Stores): Adapter {
  return {
    ...nothing,
    upsert: (id, payload, seconds = 0) => grants.saveRefreshToken(id, payload, seconds),
    find: (id) => grants.findRefreshToken(id),
    destroy: (id) => grants.removeRefreshToken(id),
    revokeByGrantId: (id) => grants.removeRefreshTokensOf(id),
    async consume(id) {
      if (!(await grants.consumeRefreshToken(id)))
        throw new errors.InvalidGrant("refresh token already used");
    },
  };
}

/** Only ever written after `find` said "unknown", by however many requests at once: the write decides. */
function replayAdapter({ oneTime }: Stores): Adapter {
  return {
    ...nothing,
    async upsert(id, _payload, seconds = 0) {
      const issued: unknown = Provider.ctx?.state[ASSERTION_ISSUED];
      const use = await oneTime.useOnce(
        "ReplayDetection",
        id,
        seconds,
        typeof issued === "number" ? issued : 0,
      );
      switch (use) {
        case "first":
          return;
        case "again":
          throw new errors.InvalidClientAuth("client assertion tokens must only be used once");
        case "early":
          throw new errors.InvalidClientAuth(
            "client assertion was made before this server could remember its use; send a new one",
          );
      }
    },
  };
}

function oneTimeAdapter(model: string, { oneTime, grants }: Stores): Adapter {
  return {
    ...nothing,
    async upsert(id, payload, seconds = 0) {
      // The use of a pushed request is only recorded when the customer has decided, long after its 60 s: forgotten
      // then, two interactions begun with it would both end in a code.
      const extra = model === "PushedAuthorizationRequest" ? INTERACTION_SECONDS : 0;
      await oneTime.put(model, id, payload, seconds + extra);
    },
    find: (id) => oneTime.find(model, id),
    destroy: (id) => oneTime.remove(model, id),
    revokeByGrantId: (id) => oneTime.removeOfGrant(id),
    async consume(id) {
      const use = await oneTime.consume(model, id);
      if (use === "won") return;
      if (model !== "AuthorizationCode") {
        throw new errors.InvalidRequestUri("request_uri is invalid, expired, or was already used");
      }
      // Lost to another request with the same code at the same moment: as with any used code, nothing it gave may live.
      const grantId = (await oneTime.find(model, id))?.grantId;
      if (grantId !== undefined) await grants.revokeGrant(grantId);
      throw new errors.InvalidGrant("authorization code already consumed");
    },
  };
}
