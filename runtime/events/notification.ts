import { NEWS_TYPES } from "../../crds/partner-webhook.ts";
import { CANCELLATION } from "../service/consent-snapshot.ts";
import type { OutboxRow } from "./event.ts";

export type EventType = (typeof NEWS_TYPES)[number];
const [RESOURCE_UPDATE, CONSENT_REVOKED, ACCESS_LINKED, VRP_LINKED] = NEWS_TYPES;

/** What a consent is linked to other accounts is called, by its kind. */
const LINKED: Readonly<Record<string, EventType>> = {
  "account-access": ACCESS_LINKED,
  "domestic-vrp": VRP_LINKED,
};

/** What a partner can read to learn more. */
export interface Resource {
  /** Such as `account-access-consent` or `domestic-payment`. */
  readonly type: string;
  readonly id: string;
  /** Path below the API's host. */
  readonly path: string;
}

/** One piece of news for one partner. */
export interface News {
  readonly client: string;
  readonly type: EventType;
  readonly resource: Resource;
}

const API = "/open-banking/v4.0";

/** The partner did these itself, or is no partner any more. */
const OWN_DOING = new Set([
  "consent.requested",
  "consent.file-uploaded",
  "consent.used",
  "consent.migrated",
  "consent.deleted",
  "consent.partner-ended",
  "payment.received",
]);

/**
 * What a partner is told of an event, and which; undefined when nobody is.
 *
 * The news is thin: it names the resource and not its state, so that it is never out of date and holds nothing personal.
 */
export function newsOf({ source, type, subject, payload }: OutboxRow): News | undefined {
  const { client } = payload;
  if (typeof client !== "string" || OWN_DOING.has(type)) return undefined;
  const resource = source === "consent" ? consentResource(subject, payload) : namedResource(subject, payload);
  const called = typeOf(type, payload);
  return resource === undefined || called === undefined ? undefined : { client, resource, type: called };
}

/** Undefined for what is told of already: that other accounts were chosen comes beside the authorisation. */
function typeOf(type: string, payload: OutboxRow["payload"]): EventType | undefined {
  if (type === "consent.accounts-changed") return LINKED[kindOf(payload)];
  return type === "consent.withdrawn" ? CONSENT_REVOKED : RESOURCE_UPDATE;
}

function kindOf({ kind }: OutboxRow["payload"]): string {
  return typeof kind === "string" ? kind : "account-access";
}

/** Undefined for what the standard has no address for: its partner looks where it began it. */
function consentResource(id: string, payload: OutboxRow["payload"]): Resource | undefined {
  const kind = kindOf(payload);
  if (kind === CANCELLATION) return undefined;
  return { type: `${kind}-consent`, id, path: `${API}/${apiOf(kind)}/${kind}-consents/${id}` };
}

function apiOf(kind: string): string {
  if (kind === "account-access") return "aisp";
  return kind === "funds-confirmation" ? "cbpii" : "pisp";
}

/** The resource its writer named: `{resource: {type, path}}`. */
function namedResource(id: string, payload: OutboxRow["payload"]): Resource | undefined {
  const { resource } = payload;
  if (typeof resource !== "object" || resource === null) return undefined;
  const { type, path } = resource as Readonly<Record<string, unknown>>;
  return typeof type === "string" && typeof path === "string" ? { type, id, path } : undefined;
}
