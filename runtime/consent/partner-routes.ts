import type { FastifyInstance, FastifyRequest } from "fastify";
import { claimOf } from "./claim.ts";
import type { ListedPartner, PartnerDirectory } from "../service/shards.ts";
import { OBUK_KINDS } from "../service/consent-snapshot.ts";
import { contextOf, onlyFrom } from "../service/mtls-server.ts";
import { ObukError } from "../service/obuk-error.ts";
import { admit } from "./admission.ts";
import { consentAnswer } from "./answer.ts";
import { asOf, type Consent } from "./consent.ts";
import type { KindRules } from "./kinds/kind.ts";
import { rulesOf } from "./kinds/kinds.ts";
import type { ChangeConsent } from "./registry.ts";
import type { ConsentStore } from "./store.ts";

/** What the partner's side of consents needs. */
export interface PartnerRoutesOptions {
  readonly store: ConsentStore;
  readonly change: ChangeConsent;
  readonly partners: Pick<PartnerDirectory, "partner">;
  readonly clock: () => Date;
  /** A new, unguessable consent id that begins so. */
  readonly newId: (prefix: string) => string;
  /** ISO 3166, of the bank's region: a date without a time is a day there. */
  readonly country: string;
  /** Host of the API, for links. */
  readonly apiHost: string;
  /** Host of the authorization server, where customers are sent. */
  readonly authHost: string;
}

/** The client, if it may ask for consents of a role now. */
export function partnerWith(
  role: KindRules["role"],
  clientId: string,
  partners: PartnerRoutesOptions["partners"],
): ListedPartner | undefined {
  const partner = partners.partner(clientId);
  return partner?.suspended === false && partner.shard.roles.includes(role) ? partner : undefined;
}

/** The partner's side of consents of every kind: ask for one, look at it, delete it (Open Banking UK 4.0). */
export function partnerRoutes(app: FastifyInstance, options: PartnerRoutesOptions): void {
  for (const kind of OBUK_KINDS) kindRoutes(app, rulesOf(kind), options);
}

function kindRoutes(app: FastifyInstance, rules: KindRules, options: PartnerRoutesOptions): void {
  const { store, change, partners, clock, newId, apiHost } = options;
  const gateway = { preHandler: onlyFrom("gateway") };

  app.post(rules.path, gateway, async (request, reply) => {
    const { clientId } = contextOf(request);
    const partner = partnerWith(rules.role, clientId, partners);
    if (partner === undefined) {
      const message = "This client may not ask for such consents now.";
      throw new ObukError(403, { reason: "ConsentMismatch", message });
    }
    const now = clock();
    const asking = { id: newId(rules.prefix), clientId, policy: partner.shard.policy, now };
    const claim = rules.idempotent ? claimOf(request, { clientId, resource: asking.id, at: now }) : undefined;
    const made = async (): Promise<Consent> => {
      const admitted = admit(rules, request.body, asking);
      if ("faults" in admitted) throw new ObukError(400, admitted.faults);
      return store.add(admitted.consent, { kind: "partner", id: clientId }, claim && { claim });
    };
    const consent = (claim && (await store.answered(claim))) ?? (await made());
    return reply.status(201).send(consentAnswer(asOf(consent, now), rules, apiHost));
  });

  app.get<{ Params: { id: string } }>(`${rules.path}/:id`, gateway, async (request) => {
    const consent = await ownConsent(store, rules, request);
    return consentAnswer(asOf(consent, clock()), rules, apiHost);
  });

  if (!rules.deletable) return;
  app.delete<{ Params: { id: string } }>(`${rules.path}/:id`, gateway, async (request, reply) => {
    const { id, clientId } = await ownConsent(store, rules, request);
    const decision = await change(id, { do: "delete" }, { kind: "partner", id: clientId });
    if (decision?.ok === false) {
      const message = `The consent has ended (${decision.consent.state}) and cannot be deleted.`;
      throw new ObukError(400, { reason: "InvalidConsentStatus", message, path: "ConsentId" });
    }
    return reply.status(204).send();
  });
}

/**
 * The calling client's own consent of a kind, by the id in the path.
 *
 * @throws ObukError 400 for one that does not exist, is of another kind, was erased, or that the client deleted (never 404, says
 *   the standard), 403 for another client's.
 */
export async function ownConsent(
  store: Pick<ConsentStore, "find">,
  { kind }: Pick<KindRules, "kind">,
  request: FastifyRequest<{ Params: { id: string } }>,
): Promise<Consent> {
  const consent = await store.find(request.params.id);
  if (consent !== undefined && consent.clientId !== contextOf(request).clientId) {
    throw new ObukError(403, { reason: "ConsentMismatch", message: "The consent is another client's." });
  }
  const gone = consent?.endedBy === "delete" || consent?.erasedAt !== undefined;
  if (consent === undefined || consent.kind !== kind || gone) {
    throw new ObukError(400, { reason: "NotFound", message: "There is no such consent.", path: "ConsentId" });
  }
  return consent;
}
