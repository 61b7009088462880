import type { IncomingMessage, ServerResponse } from "node:http";
import type { InteractionResults, Provider } from "oidc-provider";
import type { Shard } from "../../../crds/shard.ts";
import type { ConsentKind, ConsentSnapshot } from "../../service/consent-snapshot.ts";
import { dynamicLink } from "../../service/dynamic-link.ts";
import type { Consents } from "../consents.ts";
import { intentOfText } from "../intent.ts";
import type { FormContext } from "../pages/login.ts";
import { proposalOf, type Proposal } from "../pages/proposal.ts";
import type { Partners } from "../partners.ts";
import { apiScopeIn, scopeOf } from "../scope.ts";
import { csrfToken } from "./one-time-code.ts";

/** An interaction that may go on: a live partner asks for one consent of its own that has not ended. */
export interface OpenInteraction {
  readonly uid: string;
  readonly partner: Shard;
  readonly consent: ConsentSnapshot;
  /** What is asked for, unless it is account access. */
  readonly proposal: Proposal | undefined;
  /** Of a payment: what the customer's authentication is bound to. */
  readonly link: string | undefined;
  readonly form: FormContext;
}

/** Why an interaction cannot go on. `redirect`: the partner is told; otherwise only the customer is. */
export type Closed =
  | { readonly redirect: false; readonly code: string }
  | { readonly redirect: true; readonly result: InteractionResults };

/** What opening an interaction needs. */
export interface InteractionDeps {
  readonly provider: Provider;
  readonly partners: Partners;
  readonly consents: Consents;
  /** Key of forms and codes. */
  readonly key: string;
  readonly clock: () => number;
}

/**
 * Why a consent cannot be decided for a client, or undefined when it can.
 *
 * @param now milliseconds since 1970.
 */
export function decisionFault(
  consent: ConsentSnapshot | undefined,
  clientId: string,
  now: number,
): string | undefined {
  // Another partner's consent is answered as an unknown one: its existence is none of theirs.
  if (consent === undefined || consent.clientId !== clientId) return "no such consent";
  // In AUTH the customer may authenticate again; the consent service refuses anybody but the same customer.
  if (consent.status !== "AWAU" && consent.status !== "AUTH")
    return `the consent is in state ${consent.status}`;
  if (consent.expiresAt !== undefined && Date.parse(consent.expiresAt) <= now)
    return "the consent has expired";
  return undefined;
}

/**
 * The interaction of a browser, by its cookie; the address must name the same one.
 *
 * Looked at afresh with each request: partner and consent can end while the customer thinks.
 */
export async function openInteraction(
  { provider, partners, consents, key, clock }: InteractionDeps,
  uid: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<{ readonly open: OpenInteraction } | { readonly closed: Closed }> {
  let details;
  try {
    details = await provider.interactionDetails(request, response);
  } catch (error) {
    if (!isSessionNotFound(error)) throw error;
    return { closed: { redirect: false, code: "interaction_not_found" } };
  }
  if (details.uid !== uid) return { closed: { redirect: false, code: "interaction_not_found" } };
  const { client_id: clientId, redirect_uri: redirectUri, claims, scope } = details.params;
  const partner = typeof clientId === "string" ? partners.byClientId(clientId) : undefined;
  if (partner === undefined) return { closed: { redirect: false, code: "partner_not_served" } };
  const id = intentOfText(claims);
  const consent = id === undefined ? undefined : await consents.find(id);
  const fault =
    decisionFault(consent, partner.clientId, clock()) ?? scopeFault(consent?.kind ?? "account-access", scope);
  if (fault !== undefined || consent === undefined) {
    const result = { error: "invalid_request", error_description: fault ?? "no such consent" };
    return { closed: { redirect: true, result } };
  }
  const kind = consent.kind ?? "account-access";
  const proposal = proposalOf(kind, consent.request ?? {}, partner.displayName, consent.payments);
  const form: FormContext = {
    action: `/interaction/${uid}`,
    csrf: csrfToken(key, uid),
    partnerName: partner.displayName,
    asks: proposal?.asks ?? "to see some of your account information",
    pays: proposal?.pays,
    returnOrigin: new URL(String(redirectUri)).origin,
  };
  const link = dynamicLink(kind, consent.request ?? {});
  return { open: { uid, partner, consent, proposal, link, form } };
}

function scopeFault(kind: ConsentKind, scope: unknown): string | undefined {
  const needed = scopeOf(kind);
  return apiScopeIn(scope) === needed ? undefined : `the consent needs the scope ${needed}`;
}

function isSessionNotFound(error: unknown): boolean {
  return error instanceof Error && error.name === "SessionNotFound";
}
