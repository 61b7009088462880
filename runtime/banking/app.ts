import type { FastifyInstance } from "fastify";
import { createServiceApp, type ServiceAppOptions } from "../service/mtls-server.ts";
import { accountRoutes, type AccountRoutesOptions } from "./account-routes.ts";
import { internalRoutes } from "./internal-routes.ts";
import { transactionRoutes } from "./transaction-routes.ts";

/** What the banking service is made of. */
export interface BankingAppOptions extends AccountRoutesOptions {
  readonly server: Omit<ServiceAppOptions, "allow">;
}

/** The banking service, not yet listening. */
export function bankingApp({ server, ...options }: BankingAppOptions): FastifyInstance {
  const app = createServiceApp({ ...server, allow: ["gateway", "oauth"] });
  accountRoutes(app, options);
  transactionRoutes(app, options);
  internalRoutes(app, options);
  return app;
}
