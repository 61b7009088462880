import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { BERLIN_GROUP_PATH, type BerlinGroupCode, BerlinGroupError } from "../../service/berlin-group.ts";
import { contextOf, onlyFrom } from "../../service/mtls-server.ts";
import type { ObukFault } from "../../service/obuk-error.ts";
import type { ListedPartner } from "../../service/shards.ts";
import { admit } from "../admission.ts";
import { asOf, type Consent } from "../consent.ts";
import { ACCOUNT_ACCESS } from "../kinds/account-access.ts";
import type { KindRules } from "../kinds/kind.ts";
import { partnerWith, type PartnerRoutesOptions } from "../partner-routes.ts";
import { readAccessRequest } from "./access.ts";
import { consentInformation, consentStatusOf, linksOf, pathOf } from "./answers.ts";

/** A consent in a path. */
export interface One {
  readonly Params: { readonly id: string };
}

/** Consents to account access (NextGenPSD2 1.3.11): the same consents, decided by the same rules. */
export function berlinGroupConsents(app: FastifyInstance, options: PartnerRoutesOptions): void {
  const { store, change, clock, newId } = options;
  const gateway = { preHandler: onlyFrom("gateway") };
  const path = `${BERLIN_GROUP_PATH}/consents`;
  const own = async (request: FastifyRequest<One>): Promise<Consent> => {
    const consent = await ownConsent(options, request);
    if (consent?.kind === "account-access") return consent;
    throw new BerlinGroupError({ code: "CONSENT_UNKNOWN", text: "There is no such consent of yours." });
  };

  app.post(path, gateway, async (request, reply) => {
    const now = clock();
    const { clientId, shard } = entitled(request, "AISP", options);
    const { sent, asked } = readAccessRequest(request.body, { policy: shard.policy, now });
    const id = newId(ACCOUNT_ACCESS.prefix);
    const admitted = admit(ACCOUNT_ACCESS, asked, { id, clientId, policy: shard.policy, now });
    if ("faults" in admitted) throw refusedBy(admitted.faults);
    const consent = await store.add(
      { ...admitted.consent, berlinGroup: sent },
      { kind: "partner", id: clientId },
    );
    const body = {
      consentStatus: consentStatusOf(consent),
      consentId: id,
      _links: linksOf(consent, options),
    };
    return created(reply, pathOf(consent), options).send(body);
  });

  app.get<One>(`${path}/:id`, gateway, async (request) => consentInformation(await own(request)));

  app.get<One>(`${path}/:id/status`, gateway, async (request) => ({
    consentStatus: consentStatusOf(await own(request)),
  }));

  app.delete<One>(`${path}/:id`, gateway, async (request, reply) => {
    const { id, clientId } = await own(request);
    const decision = await change(id, { do: "delete" }, { kind: "partner", id: clientId });
    if (decision?.ok !== false) return reply.status(204).send();
    const text = `The consent is ${consentStatusOf(decision.consent)} and cannot be deleted.`;
    throw new BerlinGroupError({ code: "STATUS_INVALID", text });
  });
}

/** The names of what is decided on, those of what a partner of the Berlin Group sent, and what a refusal of it is called. */
const NAMES: readonly (readonly [name: string, theirs: string, code?: BerlinGroupCode])[] = [
  ["Data.ExpirationDateTime", "validUntil"],
  ["Data.Permissions", "access"],
  ["Data.Initiation.InstructedAmount.Amount", "instructedAmount.amount"],
  ["Data.Initiation.FirstPaymentAmount.Amount", "instructedAmount.amount"],
  ["Data.Initiation.MandateRelatedInformation.FirstPaymentDateTime", "startDate", "EXECUTION_DATE_INVALID"],
  ["Data.Initiation.RequestedExecutionDateTime", "requestedExecutionDate", "EXECUTION_DATE_INVALID"],
];

function inTheirWords(text: string): string {
  return NAMES.reduce((words, [name, theirs]) => words.replaceAll(name, theirs), text);
}

/** What the rules of the bank have against a request, by the names of what was sent. */
export function refusedBy(faults: readonly ObukFault[]): BerlinGroupError {
  return new BerlinGroupError(
    faults.map(({ message, path }) => ({
      code: NAMES.find(([name]) => name === path)?.[2] ?? "FORMAT_ERROR",
      text: inTheirWords(message),
      path: path === undefined ? undefined : inTheirWords(path),
    })),
  );
}

/** An answer that says where the new resource is, and how its customer authenticates. */
export function created(
  reply: FastifyReply,
  path: string,
  { apiHost }: Pick<PartnerRoutesOptions, "apiHost">,
): FastifyReply {
  return reply
    .status(201)
    .header("location", `https://${apiHost}${BERLIN_GROUP_PATH}${path}`)
    .header("aspsp-sca-approach", "REDIRECT");
}

/** The calling partner, if it may act in a role now. @throws BerlinGroupError 401 */
export function partnerAs(
  role: KindRules["role"],
  request: FastifyRequest,
  { partners }: Pick<PartnerRoutesOptions, "partners">,
): ListedPartner {
  const partner = partnerWith(role, contextOf(request).clientId, partners);
  if (partner !== undefined) return partner;
  const text = `This client may not act as ${role} now.`;
  throw new BerlinGroupError({ code: "ROLE_INVALID", text });
}

/**
 * The calling partner, if it may ask for something new now, and says from where the customer calls.
 *
 * @throws BerlinGroupError 400, 401
 */
export function entitled(
  request: FastifyRequest,
  role: KindRules["role"],
  options: Pick<PartnerRoutesOptions, "partners">,
): ListedPartner {
  const partner = partnerAs(role, request, options);
  if (request.headers["psu-ip-address"] !== undefined) return partner;
  const text = "PSU-IP-Address is missing: send the customer's, or your own when she is not there.";
  throw new BerlinGroupError({ code: "FORMAT_ERROR", text, path: "PSU-IP-Address" });
}

/** The calling client's own consent, as it stands now; another's and none at all look the same. */
export async function ownConsent(
  { store, clock }: Pick<PartnerRoutesOptions, "store" | "clock">,
  request: FastifyRequest<One>,
): Promise<Consent | undefined> {
  const consent = await store.find(request.params.id);
  const own = consent?.clientId === contextOf(request).clientId && consent.erasedAt === undefined;
  return own ? asOf(consent, clock()) : undefined;
}
