import type { FastifyInstance, FastifyRequest } from "fastify";
import { BERLIN_GROUP_PATH, BerlinGroupError, REQUEST_ID } from "../../service/berlin-group.ts";
import {
  paymentsPath,
  serviceOf,
  SERVICES,
  type PaymentService,
} from "../../service/berlin-group-payments.ts";
import { onlyFrom } from "../../service/mtls-server.ts";
import type { Consent } from "../consent.ts";
import type { PartnerRoutesOptions } from "../partner-routes.ts";
import { authorisationIdOf, linksOf, pathOf, scaStatusOf } from "./answers.ts";
import { created, ownConsent, type One } from "./consent-routes.ts";

/** An authorisation in a path. */
export interface NamedAuthorisation {
  readonly Params: One["Params"] & { readonly authorisation: string };
}

/**
 * The calling client's own payment of a service, as it stands now.
 *
 * @throws BerlinGroupError 404, whether it is another's, one of the other dialect, or none.
 */
export async function ownPayment(
  options: Pick<PartnerRoutesOptions, "store" | "clock">,
  service: PaymentService,
  request: FastifyRequest<One>,
): Promise<Consent> {
  const consent = await ownConsent(options, request);
  if (consent?.berlinGroup !== undefined && serviceOf(consent.kind) === service) return consent;
  throw unknown();
}

function unknown(): BerlinGroupError {
  return new BerlinGroupError({ code: "RESOURCE_UNKNOWN", text: "There is no such resource of yours." });
}

/**
 * The customer's authorisation of a consent or payment (NextGenPSD2 1.3.11). There is one of each, from the beginning:
 * she gives it at the authorization server, to which `scaOAuth` leads.
 */
export function authorisationRoutes(app: FastifyInstance, options: PartnerRoutesOptions): void {
  const ownAccess = async (request: FastifyRequest<One>): Promise<Consent> => {
    const consent = await ownConsent(options, request);
    if (consent?.kind === "account-access") return consent;
    throw unknown();
  };
  authorisations(app, "/consents", ownAccess, options);
  for (const service of SERVICES)
    authorisations(app, paymentsPath(service), (request) => ownPayment(options, service, request), options);
}

function authorisations(
  app: FastifyInstance,
  resource: string,
  own: (request: FastifyRequest<One>) => Promise<Consent>,
  options: PartnerRoutesOptions,
): void {
  const { store, clock } = options;
  const gateway = { preHandler: onlyFrom("gateway") };
  const path = `${BERLIN_GROUP_PATH}${resource}/:id/authorisations`;

  app.post<One>(path, gateway, async (request, reply) => {
    const consent = await own(request);
    const scaStatus = scaStatusOf(consent);
    const { id, clientId } = consent;
    const asked = `${pathOf(consent)}/authorisations`;
    const key = String(request.headers[REQUEST_ID]);
    const claim = {
      clientId,
      path: `${BERLIN_GROUP_PATH}${asked}`,
      key,
      body: request.body ?? {},
      at: clock(),
    };
    // Repeated it is answered again, with what has become of the authorisation.
    if ((await store.answered(claim)) === undefined) {
      if (scaStatus !== "received") {
        const text = `The customer's authorisation is ${scaStatus} and cannot begin again.`;
        throw new BerlinGroupError({ code: "STATUS_INVALID", text });
      }
      await store.remember({ ...claim, resource: id });
    }
    const authorisationId = authorisationIdOf(consent);
    const at = `${asked}/${authorisationId}`;
    return created(reply, at, options).send({
      scaStatus,
      authorisationId,
      _links: linksOf(consent, options),
    });
  });

  app.get<One>(path, gateway, async (request) => ({
    authorisationIds: [authorisationIdOf(await own(request))],
  }));

  app.get<NamedAuthorisation>(`${path}/:authorisation`, gateway, async (request) => {
    const consent = await own(request);
    if (request.params.authorisation === authorisationIdOf(consent))
      return { scaStatus: scaStatusOf(consent) };
    throw new BerlinGroupError({ code: "RESOURCE_UNKNOWN", text: "There is no such authorisation." });
  });
}
