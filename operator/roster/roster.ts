import { type Roster, ROSTER_MAX_AGE_MS } from "../../crds/shard.ts";
import { clientIdOf } from "../csr/names.ts";
import type { PartnerObject } from "../../crds/resources.ts";
import { canonicalJson } from "../signed/canonical-json.ts";
import type { Server } from "../signed/server.ts";
import { nextVersion } from "../signed/signed-config-map.ts";

/** One partner's line in a roster. */
export type RosterEntry = Roster["partners"][number];

/** What a roster is made from. */
export interface RosterWorld {
  readonly group: string;
  /** Every Partner of the hub, those of other groups and those being deleted included. */
  readonly partners: readonly PartnerObject[];
  /** The roster in the stack now, if it is one of ours. */
  readonly previous: Roster | undefined;
  /** The stack's live pods. */
  readonly servers: readonly Server[];
}

/** A roster is vouched for again at half of the age up to which stacks serve by it. */
const REISSUE_AGE_MS = ROSTER_MAX_AGE_MS / 2;

/** A pod's clock may be ahead of ours by so much, in ms; a start further ahead is not believed. */
const CLOCK_AHEAD_MS = 30_000;

/**
 * The roster a stack should have now; `previous` itself when nothing is to be written.
 *
 * The version grows with every change of contents. Vouched for again, unchanged, it keeps its version and gets a new
 * time: when a pod has started since, which waits for that, and at half of its life.
 */
export function rosterFor(world: RosterWorld, now: Date): Roster {
  const { group, previous, servers } = world;
  const partners = entriesFor(world);
  const changed = !previous || canonicalJson(previous.partners) !== canonicalJson(partners);
  const starts = servers.map(({ startedAt }) => startedAt.getTime());
  const youngest = Math.max(0, ...starts.filter((start) => start <= now.getTime() + CLOCK_AHEAD_MS));
  const issued = previous ? Date.parse(previous.issuedAt) : 0;
  const due = youngest > issued || now.getTime() - issued >= REISSUE_AGE_MS;
  if (previous && !changed && !due) return previous;
  return {
    kind: "roster",
    group,
    version:
      previous && !changed ? previous.version : nextVersion(now, previous?.version, ...shardVersions(world)),
    // The pod is there, so this is issued after its start, whatever its clock says.
    issuedAt: new Date(Math.max(now.getTime(), youngest)).toISOString(),
    partners,
  };
}

/**
 * The shards that Partners of the group tell of. A roster outlives them: its version stays above theirs, so that a
 * Partner made anew under the same name begins above what gateways have seen, though the clock went back meanwhile.
 */
function shardVersions({ group, partners }: RosterWorld): readonly (number | undefined)[] {
  return partners.map(({ status }) => status?.groups?.find(({ name }) => name === group)?.shardVersion);
}

/** Milliseconds until a roster is to be vouched for again. */
export function reissueAfter(roster: Roster, now: Date): number {
  return Math.max(0, Date.parse(roster.issuedAt) + REISSUE_AGE_MS - now.getTime());
}

/**
 * Everybody who is live, by client id.
 *
 * Whom the roster does not list has ended, with all its consents. So a partner leaves it only when its Partner says
 * so, by its deletion or by naming other groups, never because its Partner is missing: a hub that is being rebuilt
 * from Git does not know all Partners yet, and a deleted one has left through its finalizer before.
 */
function entriesFor({ group, partners, previous }: RosterWorld): RosterEntry[] {
  const before = new Map(previous?.partners.map((entry) => [entry.clientId, entry]));
  const known = new Map(partners.map((partner) => [clientIdFor(partner), partner]));
  const orphans = [...before.values()].filter(({ clientId }) => !known.has(clientId));
  const live = [...known].flatMap(([clientId, partner]) =>
    isLive(partner, group) ? [entryFor(clientId, partner, group, before.get(clientId))] : [],
  );
  return [...live, ...orphans].toSorted((a, b) => (a.clientId < b.clientId ? -1 : 1));
}

/**
 * The oldest version that may be served rises when every pod has the newest: earlier, it would take away the old one
 * before the new one has come.
 */
function entryFor(
  clientId: string,
  { spec, status }: PartnerObject,
  group: string,
  before: RosterEntry | undefined,
): RosterEntry {
  const state = status?.groups?.find(({ name }) => name === group);
  const served = state?.served ? (state.shardVersion ?? 0) : 0;
  const revokedBefore = status?.revoked?.map(({ thumbprint }) => thumbprint) ?? [];
  return {
    clientId,
    minimumVersion: Math.max(1, served, before?.minimumVersion ?? 1),
    suspended: spec.suspended || status?.risk?.suspended === true,
    // Taken out of the spec again, a certificate stays revoked: status remembers until it would have expired.
    revoked: [...new Set([...spec.revokedThumbprints, ...revokedBefore])].toSorted(),
  };
}

/** Partners that the roster lists though no Partner of theirs is known, for the log. */
export function orphansOf({ partners, previous }: RosterWorld): string[] {
  const known = new Set(partners.map(clientIdFor));
  return previous?.partners.flatMap(({ clientId }) => (known.has(clientId) ? [] : [clientId])) ?? [];
}

function isLive({ metadata, spec }: PartnerObject, group: string): boolean {
  return metadata.deletionTimestamp === undefined && spec.groups.includes(group);
}

function clientIdFor({ metadata }: PartnerObject): string {
  return clientIdOf(metadata.namespace ?? "", metadata.name);
}
