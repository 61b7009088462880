import type { FastifyInstance, FastifyRequest } from "fastify";
import { BERLIN_GROUP_PATH, BerlinGroupError } from "../../service/berlin-group.ts";
import { paymentsPath, serviceOf, SERVICES } from "../../service/berlin-group-payments.ts";
import { onlyFrom } from "../../service/mtls-server.ts";
import type { Consent } from "../consent.ts";
import type { PartnerRoutesOptions } from "../partner-routes.ts";
import { authorisationIdOf, linksOf, pathOf, scaStatusOf } from "./answers.ts";
import { created, ownConsent, type One } from "./consent-routes.ts";

interface Named {
  readonly Params: One["Params"] & { readonly authorisation: string };
}

/**
 * The customer's authorisation of a consent or payment (NextGenPSD2 1.3.11). There is one of each, from the beginning:
 * she gives it at the authorization server, to which `scaOAuth` leads.
 */
export function authorisationRoutes(app: FastifyInstance, options: PartnerRoutesOptions): void {
  authorisations(app, "/consents", (consent) => consent.kind === "account-access", options);
  for (const service of SERVICES)
    authorisations(
      app,
      paymentsPath(service),
      ({ kind, berlinGroup }) => serviceOf(kind) === service && berlinGroup !== undefined,
      options,
    );
}

function authorisations(
  app: FastifyInstance,
  resource: string,
  isOne: (consent: Consent) => boolean,
  options: PartnerRoutesOptions,
): void {
  const gateway = { preHandler: onlyFrom("gateway") };
  const path = `${BERLIN_GROUP_PATH}${resource}/:id/authorisations`;
  const own = async (request: FastifyRequest<One>): Promise<Consent> => {
    const consent = await ownConsent(options, request);
    if (consent !== undefined && isOne(consent)) return consent;
    throw new BerlinGroupError({ code: "RESOURCE_UNKNOWN", text: "There is no such resource of yours." });
  };

  app.post<One>(path, gateway, async (request, reply) => {
    const consent = await own(request);
    const scaStatus = scaStatusOf(consent);
    if (scaStatus !== "received") {
      const text = `The customer's authorisation is ${scaStatus} and cannot begin again.`;
      throw new BerlinGroupError({ code: "STATUS_INVALID", text });
    }
    const authorisationId = authorisationIdOf(consent);
    const at = `${pathOf(consent)}/authorisations/${authorisationId}`;
    return created(reply, at, options).send({
      scaStatus,
      authorisationId,
      _links: linksOf(consent, options),
    });
  });

  app.get<One>(path, gateway, async (request) => ({
    authorisationIds: [authorisationIdOf(await own(request))],
  }));

  app.get<Named>(`${path}/:authorisation`, gateway, async (request) => {
    const consent = await own(request);
    if (request.params.authorisation === authorisationIdOf(consent))
      return { scaStatus: scaStatusOf(consent) };
    throw new BerlinGroupError({ code: "RESOURCE_UNKNOWN", text: "There is no such authorisation." });
  });
}
