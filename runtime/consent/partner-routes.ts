import type { FastifyInstance } from "fastify";
import type { PartnerDirectory } from "../service/shards.ts";
import { contextOf, onlyFrom } from "../service/mtls-server.ts";
import { ObukError } from "../service/obuk-error.ts";
import { admit } from "./admission.ts";
import { CONSENTS_PATH, consentAnswer } from "./answer.ts";
import { asOf, type Consent } from "./consent.ts";
import type { ChangeConsent } from "./registry.ts";
import { readRequest } from "./request.ts";
import type { ConsentStore } from "./store.ts";

/** What the partner's side of consents needs. */
export interface PartnerRoutesOptions {
  readonly store: ConsentStore;
  readonly change: ChangeConsent;
  readonly partners: Pick<PartnerDirectory, "partner">;
  readonly clock: () => Date;
  /** A new, unguessable consent id. */
  readonly newId: () => string;
  /** Host of the API, for links. */
  readonly apiHost: string;
}

/** The partner's side of a consent: ask for it, look at it, delete it (Open Banking UK 4.0, account access consents). */
export function partnerRoutes(app: FastifyInstance, options: PartnerRoutesOptions): void {
  const { store, change, partners, clock, newId, apiHost } = options;
  const gateway = { preHandler: onlyFrom("gateway") };

  app.post(CONSENTS_PATH, gateway, async (request, reply) => {
    const { clientId } = contextOf(request);
    const partner = partners.partner(clientId);
    if (partner === undefined || partner.suspended) {
      throw new ObukError(403, {
        reason: "ConsentMismatch",
        message: "This client may not ask for consents now.",
      });
    }
    const read = readRequest(request.body);
    if ("faults" in read) throw new ObukError(400, read.faults);
    const { policy } = partner.shard;
    const admitted = admit(read.request, { id: newId(), clientId, policy, now: clock() });
    if ("faults" in admitted) throw new ObukError(400, admitted.faults);
    await store.add(admitted.consent, { kind: "partner", id: clientId });
    return reply.status(201).send(consentAnswer(admitted.consent, apiHost));
  });

  app.get<{ Params: { id: string } }>(`${CONSENTS_PATH}/:id`, gateway, async (request) => {
    const consent = owned(await store.find(request.params.id), contextOf(request).clientId);
    return consentAnswer(asOf(consent, clock()), apiHost);
  });

  app.delete<{ Params: { id: string } }>(`${CONSENTS_PATH}/:id`, gateway, async (request, reply) => {
    const { clientId } = contextOf(request);
    const { id } = owned(await store.find(request.params.id), clientId);
    const decision = await change(id, { do: "delete" }, { kind: "partner", id: clientId });
    if (decision?.ok === false) {
      const message = `The consent has ended (${decision.consent.state}) and cannot be deleted.`;
      throw new ObukError(400, { reason: "InvalidConsentStatus", message, path: "ConsentId" });
    }
    return reply.status(204).send();
  });
}

/**
 * The client's own consent.
 *
 * @throws ObukError 400 for one that does not exist or that the client deleted (never 404, says the standard), 403 for
 *   another client's.
 */
function owned(consent: Consent | undefined, clientId: string): Consent {
  if (consent !== undefined && consent.clientId !== clientId) {
    throw new ObukError(403, { reason: "ConsentMismatch", message: "The consent is another client's." });
  }
  if (consent === undefined || consent.endedBy === "delete") {
    throw new ObukError(400, { reason: "NotFound", message: "There is no such consent.", path: "ConsentId" });
  }
  return consent;
}
