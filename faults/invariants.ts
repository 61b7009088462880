import type { PartnerObject } from "../crds/resources.ts";
import { PAYLOAD_KEY, ROSTER_NAME, type Roster, SHARD_LABEL, type Shard } from "../crds/shard.ts";
import { conditionOf } from "../kube/condition.ts";
import type { KubeObject } from "../kube/object.ts";
import { type ConfigMap, namespaces } from "../kube/resources.ts";
import { clientIdOf } from "../operator/csr/names.ts";
import type { Event } from "./historian.ts";

/** What is known while a history is read from its beginning. */
interface Known {
  /** By namespace and name of the signed object. */
  readonly versions: Map<string, number>;
  /** By client id: status has said that it is suspended, and nobody has asked for the end of it since. */
  readonly suspended: Set<string>;
  /** By namespace and client id: thumbprints that its roster has named, and that were not given back since. */
  readonly revoked: Map<string, ReadonlySet<string>>;
  /** Namespaces of stacks that go, with all that is in them. */
  readonly leaving: Set<string>;
  readonly broken: string[];
}

/**
 * What must hold at every moment of a history, whatever goes wrong: the sentences that it broke.
 *
 * DESIGN section 6 and ADR 4: versions only grow; what status has called suspended is served by nobody until its spec
 * says otherwise; a certificate that was taken back stays taken back; whoever is live keeps its settings.
 *
 * @param events in the order of the server's versions.
 */
export function brokenInvariants(events: readonly Event[]): readonly string[] {
  const known: Known = {
    versions: new Map(),
    suspended: new Set(),
    revoked: new Map(),
    leaving: new Set(),
    broken: [],
  };
  for (const event of events) {
    const { object, type } = event;
    if (object.kind === namespaces.kind) ofNamespace(object, type, known);
    else if (object.kind === "Partner") ofPartner(object as PartnerObject, type, known);
    else if (object.kind === "ConfigMap" && object.metadata.labels?.[SHARD_LABEL])
      ofSigned(object, type, known);
  }
  return known.broken;
}

function ofNamespace({ metadata }: KubeObject, type: Event["type"], { leaving, versions }: Known): void {
  if (type !== "removed" && metadata.deletionTimestamp === undefined) {
    leaving.delete(metadata.name);
    return;
  }
  // Also when it has gone: what was in it may be told of after it, each kind having a watch of its own.
  leaving.add(metadata.name);
  if (type !== "removed") return;
  // The next stack of that name begins anew.
  for (const place of versions.keys()) if (place.startsWith(`${metadata.name}/`)) versions.delete(place);
}

function ofPartner({ metadata, spec, status }: PartnerObject, type: Event["type"], known: Known): void {
  const client = clientIdOf(metadata.namespace ?? "", metadata.name);
  if (type === "removed" || !spec.suspended) known.suspended.delete(client);
  else if (
    conditionOf(status?.conditions, "Suspended")?.status === "True" &&
    status?.observedGeneration === metadata.generation
  )
    known.suspended.add(client);
  // Only what the spec still says; a thumbprint may be taken off the list by a person.
  for (const [place, revoked] of known.revoked)
    if (place.endsWith(`/${client}`))
      known.revoked.set(
        place,
        new Set([...revoked].filter((each) => spec.revokedThumbprints.includes(each))),
      );
}

function ofSigned(
  object: KubeObject,
  type: Event["type"],
  { versions, suspended, revoked, leaving, broken }: Known,
): void {
  const { namespace, name } = object.metadata;
  const place = `${namespace}/${name}`;
  if (type === "removed") {
    if (name === ROSTER_NAME && !leaving.has(namespace ?? ""))
      broken.push(`${place} was deleted: its stack forgets whom it must not serve`);
    return;
  }
  const payload = (object as ConfigMap).data?.[PAYLOAD_KEY] ?? "{}";
  const document = JSON.parse(payload) as Roster | Shard;
  const before = versions.get(place) ?? 0;
  if (document.version < before)
    broken.push(`${place} went back from version ${before} to ${document.version}`);
  versions.set(place, document.version);
  if (document.kind !== "roster") return;
  for (const { clientId, suspended: isSuspended, revoked: now } of document.partners) {
    if (suspended.has(clientId) && !isSuspended)
      broken.push(`${place} serves ${clientId} again, though it is suspended`);
    // Of this stack only: another may have heard of it while an earlier roster was still on its way here.
    const told = `${namespace}/${clientId}`;
    const missing = [...(revoked.get(told) ?? [])].filter((each) => !now.includes(each));
    if (missing.length > 0) broken.push(`${place} accepts a certificate of ${clientId} that was taken back`);
    revoked.set(told, new Set([...(revoked.get(told) ?? []), ...now]));
  }
}
