import type { FastifyInstance } from "fastify";
import type { ServiceIdentity } from "../service/identity.ts";
import type { Log } from "../service/logger.ts";
import { createServiceApp, onlyFrom } from "../service/mtls-server.ts";
import { Problem } from "../service/problem.ts";
import type { GrantStore } from "./adapter/grant-store.ts";
import type { OauthKeys } from "./keys.ts";

/** Port 8445: what the services of the stack ask. The gateway verifies tokens with these keys, and refuses those of grants that ended. */
export function internalApp({
  keys,
  grants,
  ...options
}: {
  readonly keys: OauthKeys;
  readonly grants: Pick<GrantStore, "endedGrants">;
  readonly namespace: string;
  readonly identity?: ServiceIdentity;
  readonly log: Log;
}): FastifyInstance {
  const app = createServiceApp({ ...options, allow: ["gateway", "consent", "banking"] });
  app.get("/jwks", async () => ({ keys: keys.own() }));
  app.get<{ Querystring: { since?: string } }>(
    "/internal/ended-grants",
    { preHandler: onlyFrom("gateway") },
    async ({ query: { since } }) => {
      if (since !== undefined && !/^\d{1,18}$/.test(since))
        throw new Problem(400, "RequestInvalid", "The request must carry since as a number or not at all.");
      return grants.endedGrants(since);
    },
  );
  return app;
}
