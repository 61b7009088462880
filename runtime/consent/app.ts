import type { FastifyInstance } from "fastify";
import { requestIds } from "../service/berlin-group-headers.ts";
import { createServiceApp, type ServiceAppOptions } from "../service/mtls-server.ts";
import { authorisationRoutes } from "./berlin-group/authorisation-routes.ts";
import { cancellationRoutes } from "./berlin-group/cancellation-routes.ts";
import { berlinGroupConsents } from "./berlin-group/consent-routes.ts";
import { berlinGroupInitiation } from "./berlin-group/payment-routes.ts";
import { fileRoutes } from "./file-routes.ts";
import { internalRoutes } from "./internal-routes.ts";
import { migrationRoutes } from "./migration-routes.ts";
import { partnerRoutes, type PartnerRoutesOptions } from "./partner-routes.ts";
import { privacyRoutes, type PrivacyRoutesOptions } from "./privacy/routes.ts";
import { receiptRoutes } from "./receipts/routes.ts";

/** What the consent service is made of. */
export interface ConsentAppOptions extends PartnerRoutesOptions, PrivacyRoutesOptions {
  readonly server: Omit<ServiceAppOptions, "allow">;
}

/** The consent service, not yet listening. */
export function consentApp({ server, ...options }: ConsentAppOptions): FastifyInstance {
  const app = createServiceApp({ ...server, allow: ["gateway", "oauth", "banking"] });
  requestIds(app);
  partnerRoutes(app, options);
  fileRoutes(app, options);
  migrationRoutes(app, options);
  berlinGroupConsents(app, options);
  berlinGroupInitiation(app, options);
  authorisationRoutes(app, options);
  cancellationRoutes(app, options);
  internalRoutes(app, options);
  privacyRoutes(app, options);
  receiptRoutes(app, options);
  return app;
}
