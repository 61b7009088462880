import { BERLIN_GROUP_PATH } from "../../service/berlin-group.ts";
import { paymentsPath, serviceOf } from "../../service/berlin-group-payments.ts";
import type { Consent } from "../consent.ts";
import { berlinGroupStatus } from "../views.ts";
import { rightsOf } from "./access.ts";

/** Where answers' links lead. */
export interface Hosts {
  readonly apiHost: string;
  readonly authHost: string;
}

/** States of a customer's authentication, as far as a redirect has them (`scaStatus`). */
export type ScaStatus = "received" | "finalised" | "failed";

/** How far the customer's authentication for a consent has come; one that is over stays what it was. */
export function scaStatusOf({ state, authorisation }: Pick<Consent, "state" | "authorisation">): ScaStatus {
  if (state === "AWUP" || state === "AWAU") return "received";
  return authorisation === undefined ? "failed" : "finalised";
}

/** Each consent has one authorisation: it is known by the consent's id. */
export function authorisationIdOf({ id }: Pick<Consent, "id">): string {
  return id.replace(/^[a-z]+-/, "aut-");
}

/** Where a consent, or the payment it is for, is found below the interface. */
export function pathOf({ id, kind }: Pick<Consent, "id" | "kind">): string {
  const service = serviceOf(kind);
  return `${service === undefined ? "/consents" : paymentsPath(service)}/${id}`;
}

/** The link to an address below the interface. */
export function hrefTo({ apiHost }: Pick<Hosts, "apiHost">, path: string): { readonly href: string } {
  return { href: `https://${apiHost}${BERLIN_GROUP_PATH}${path}` };
}

/** Where the customer's authorisation begins. */
export function scaOAuth({ authHost }: Pick<Hosts, "authHost">): object {
  return { scaOAuth: { href: `https://${authHost}/.well-known/oauth-authorization-server` } };
}

/**
 * The links of something that was asked for. While it waits for the customer, `scaOAuth` names the authorization
 * server's metadata (RFC 8414): the partner pushes its request there, with this id as its intent.
 */
export function linksOf(consent: Consent, hosts: Hosts): object {
  const at = pathOf(consent);
  return {
    ...(scaStatusOf(consent) === "received" ? scaOAuth(hosts) : {}),
    self: hrefTo(hosts, at),
    status: hrefTo(hosts, `${at}/status`),
    scaStatus: hrefTo(hosts, `${at}/authorisations/${authorisationIdOf(consent)}`),
  };
}

/** A consent as its partner reads it (`consentInformationResponse-200_json`), whichever dialect it was asked for in. */
export function consentInformation(consent: Consent): object {
  const { berlinGroup, permissions, policy, authorisation, expiresAt, stateUpdatedAt } = consent;
  const accounts = (authorisation?.accounts ?? []).map((identification) => ({
    other: { identification, schemeNameProprietary: "resourceId" },
  }));
  const asked = berlinGroup?.["frequencyPerDay"];
  return {
    access: Object.fromEntries(rightsOf(permissions).map((right) => [right, accounts])),
    recurringIndicator: true,
    validUntil: dateOf(expiresAt),
    frequencyPerDay: Math.min(policy.unattendedPerDay, typeof asked === "number" ? asked : Infinity),
    lastActionDate: dateOf(stateUpdatedAt),
    consentStatus: consentStatusOf(consent),
  };
}

/** The state of account access in the words of the Berlin Group. */
export function consentStatusOf({ state, endedBy }: Consent): string {
  return berlinGroupStatus(state, endedBy);
}

function dateOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}
