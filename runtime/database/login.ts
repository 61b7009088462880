import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import type { DatabaseConfig } from "../service/config.ts";
import type { ServiceIdentity } from "../service/identity.ts";
import type { Log } from "../service/logger.ts";
import { connect } from "./connect.ts";
import type { LoginRole } from "./roles.ts";

/** One connection as one role, proved by the process's certificate. */
export interface LoginOptions {
  readonly database: Pick<DatabaseConfig, "host" | "port" | "name">;
  readonly role: LoginRole;
  readonly identity: ServiceIdentity;
}

/** Connects once over TLS 1.3; the caller ends the client. */
export async function login({ database, role, identity }: LoginOptions): Promise<pg.Client> {
  const { key, cert, ca } = identity.current();
  return connect({
    host: database.host,
    port: database.port,
    database: database.name,
    user: role,
    ssl: { key, cert, ca, minVersion: "TLSv1.3" },
  });
}

/**
 * Connects as soon as the server lets this role in, which a new stack's server does only once its agent has made it.
 *
 * @throws the last refusal when `patienceMs` is over, or the reason of `signal`.
 */
export async function loginPatiently(
  options: LoginOptions & { readonly log: Log; readonly patienceMs: number; readonly signal: AbortSignal },
): Promise<pg.Client> {
  const end = performance.now() + options.patienceMs;
  let told: string | undefined;
  for (;;) {
    try {
      return await login(options);
    } catch (error) {
      if (performance.now() >= end) throw error;
      const why = error instanceof Error ? error.message : String(error);
      if (why !== told) options.log.info({ why }, "waiting for postgres");
      told = why;
      await delay(500, undefined, { signal: options.signal });
    }
  }
}
