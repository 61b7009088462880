import type { FastifyInstance } from "fastify";
import type { ServiceIdentity } from "../service/identity.ts";
import type { Log } from "../service/logger.ts";
import { createServiceApp } from "../service/mtls-server.ts";
import type { OauthKeys } from "./keys.ts";

/** Port 8445: what the services of the stack ask. The gateway verifies tokens with these keys. */
export function internalApp({
  keys,
  ...options
}: {
  readonly keys: OauthKeys;
  readonly namespace: string;
  readonly identity?: ServiceIdentity;
  readonly log: Log;
}): FastifyInstance {
  const app = createServiceApp({ ...options, allow: ["gateway", "consent", "banking"] });
  app.get("/jwks", async () => ({ keys: keys.own() }));
  return app;
}
