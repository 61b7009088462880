import type { PartnerIdentity } from "../../crds/partner-approval.ts";
import { NEWS_TYPES, type Webhook } from "../../crds/partner-webhook.ts";
import type { PartnerSpec } from "../../crds/partner.ts";
import { sha256Hex } from "../csr/names.ts";
import { canonicalJson } from "../signed/canonical-json.ts";
import { shardJwk } from "./keys.ts";

/** The identity fields of a spec. Order in the file and the text of a private member make no other identity. */
export function identityOf({
  roles,
  redirectURIs,
  jwks,
  certificates,
  webhooks = [],
}: PartnerSpec): PartnerIdentity {
  return {
    roles: roles.toSorted(),
    redirectURIs: redirectURIs.toSorted(),
    jwks: { keys: jwks.keys.map(shardJwk).toSorted((a, b) => (a.kid < b.kid ? -1 : 1)) },
    certificates: certificates.map(({ name, csr }) => ({ name, csrHash: sha256Hex(csr) })).toSorted(byName),
    ...(webhooks.length === 0 ? {} : { webhooks: webhooks.map(sortedWebhook).toSorted(byName) }),
  };
}

/** SHA-256 (hex) of an identity: what an Approval is bound to. */
export function identityHash(identity: PartnerIdentity): string {
  return sha256Hex(canonicalJson({ ...identity }));
}

type Parts = Readonly<Record<string, readonly string[]>>;

/** Every single thing an identity grants, by field. */
function partsOf({ roles, redirectURIs, jwks, certificates, webhooks = [] }: PartnerIdentity): Parts {
  return {
    roles,
    redirectURIs,
    jwks: jwks.keys.map((key) => canonicalJson({ ...key })),
    certificates: certificates.map((certificate) => canonicalJson({ ...certificate })),
    webhooks: webhooks.flatMap(({ url, events = NEWS_TYPES }) => events.map((type) => `${type} to ${url}`)),
  };
}

/** Fields in which two identities differ; all of them when there is no first. */
export function changedFields(before: PartnerIdentity | undefined, after: PartnerIdentity): string[] {
  const old: Parts = before ? partsOf(before) : {};
  return Object.entries(partsOf(after)).flatMap(([field, parts]) =>
    canonicalJson(parts) === canonicalJson(old[field] ?? []) ? [] : [field],
  );
}

/** Whether an identity grants nothing that another does not: what only takes away needs no second person. */
export function isWithin(narrow: PartnerIdentity, wide: PartnerIdentity): boolean {
  const granted = partsOf(wide);
  return Object.entries(partsOf(narrow)).every(([field, parts]) =>
    parts.every((part) => granted[field]?.includes(part)),
  );
}

function sortedWebhook({ name, url, events }: Webhook): Webhook {
  return { name, url, ...(events === undefined ? {} : { events: events.toSorted() }) };
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}
