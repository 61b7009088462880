import {
  ROSTER_MAX_AGE_MS,
  ROSTER_NAME,
  type Roster,
  type Shard,
  type ShardTrust,
} from "../../crds/shard.ts";
import { compareVersions } from "../../kube/object.ts";
import { signatureCheck } from "./signature.ts";
import { openDocument, type SignedConfigMap } from "./signed-document.ts";

/** A partner the roster lists and a shard describes. */
export interface ListedPartner {
  readonly clientId: string;
  readonly shard: Shard;
  /** Nothing of it may be served, though it still exists. */
  readonly suspended: boolean;
  /** Certificates it may use, by SHA-256 thumbprint (base64url), with the time each ends, in ms since 1970. */
  readonly certificates: ReadonlyMap<string, number>;
}

/** What became different. */
export interface DirectoryChange {
  /** Partners whose shard, suspension, certificates or presence changed. */
  readonly clientIds: ReadonlySet<string>;
}

/** What a pod has taken in, for its Lease (`SERVED` in crds/shard.ts). */
export interface AppliedState {
  readonly resourceVersion: string;
  /** 0 before the first roster. */
  readonly rosterVersion: number;
  readonly refused: readonly { readonly clientId: string; readonly reason: string }[];
}

/** Who may be served, by the newest signed roster and shards. Every look-up is one map access. */
export interface PartnerDirectory {
  /** A listed partner, suspended or not; undefined for anybody else. */
  partner(clientId: string): ListedPartner | undefined;
  /** Whose certificate it is, unless it is revoked or unknown. */
  byThumbprint(thumbprint: string): ListedPartner | undefined;
  /** Whether the roster lists a client at all; what it does not list has ended. */
  lists(clientId: string): boolean;
  /** The roster in force. */
  roster(): Roster | undefined;
  applied(): AppliedState;
  /**
   * What keeps a starting pod from serving, or undefined.
   *
   * It waits for a roster issued after its own start, so that what was taken away while it was not there stays away.
   * When none comes for {@link ROSTER_PATIENCE_MS} the hub is taken for unreachable and the newest one will do, if it
   * is younger than `ROSTER_MAX_AGE_MS`. Once it served it goes on: the hub may order, never kill.
   */
  notReady(now: Date): string | undefined;
  /** Calls back after each change. Returns how to stop that. */
  onChange(listener: (change: DirectoryChange) => void): () => void;
  /** Takes in a signed ConfigMap, new or changed. */
  take(document: SignedConfigMap): void;
}

/** How long a starting pod waits for a fresh roster, in ms. */
export const ROSTER_PATIENCE_MS = 30_000;

/** What a directory believes and whom it serves. */
export interface DirectoryOptions {
  readonly group: string;
  readonly trust: ShardTrust;
  /** When this process started. */
  readonly startedAt: Date;
  /** Told of each document that is not believed. */
  readonly onRefused?: (document: string, reason: string) => void;
}

/**
 * An empty directory.
 *
 * - The roster only moves forward, by version. A lower or unbelievable one changes nothing.
 * - A shard only moves forward too. One that is not believed leaves the partner's last good one in place.
 * - Nobody is served whom the roster does not list, nor by a shard older than the roster demands.
 * - A shard's ConfigMap that disappears changes nothing: only the roster ends a partner.
 */
export function createDirectory({ group, trust, startedAt, onRefused }: DirectoryOptions): PartnerDirectory {
  const check = signatureCheck(trust);
  const shards = new Map<string, Shard>();
  const refusals = new Map<string, string>();
  /** The text last taken under a name: a repeated event costs no signature check. */
  const texts = new Map<string, string>();
  const listeners = new Set<(change: DirectoryChange) => void>();
  let roster: Roster | undefined;
  let entries: ReadonlyMap<string, Roster["partners"][number]> = new Map();
  const partners = new Map<string, ListedPartner>();
  const thumbprints = new Map<string, ListedPartner>();
  let newest = "";
  let served = false;

  const refuse = (name: string, reason: string): void => {
    refusals.set(name, reason);
    onRefused?.(name, reason);
  };

  const tell = (clientIds: ReadonlySet<string>): void => {
    if (clientIds.size === 0) return;
    for (const listener of listeners) listener({ clientIds });
  };

  const rebuild = (clientIds: Iterable<string>): void => {
    const changed = new Set<string>();
    for (const clientId of clientIds) {
      const before = partners.get(clientId);
      const after = listed(shards.get(clientId), entries.get(clientId));
      for (const thumbprint of before?.certificates.keys() ?? []) {
        if (thumbprints.get(thumbprint) === before) thumbprints.delete(thumbprint);
      }
      if (after === undefined) {
        partners.delete(clientId);
      } else {
        partners.set(clientId, after);
        for (const thumbprint of after.certificates.keys()) thumbprints.set(thumbprint, after);
      }
      if (before !== undefined || after !== undefined) changed.add(clientId);
    }
    tell(changed);
  };

  const takeRoster = (next: Roster): void => {
    if (roster !== undefined && isOlder(next, roster)) {
      refuse(ROSTER_NAME, `its version ${next.version} is not newer than ${roster.version}`);
      return;
    }
    refusals.delete(ROSTER_NAME);
    const before = entries;
    roster = next;
    entries = new Map(next.partners.map((entry) => [entry.clientId, entry]));
    const touched = [...before.keys(), ...entries.keys()].filter(
      (clientId) => JSON.stringify(before.get(clientId)) !== JSON.stringify(entries.get(clientId)),
    );
    rebuild(new Set(touched));
  };

  const takeShard = (name: string, next: Shard): void => {
    const last = shards.get(next.clientId);
    if (last !== undefined && next.version < last.version) {
      refuse(name, `its version ${next.version} is older than ${last.version}`);
      return;
    }
    refusals.delete(name);
    shards.set(next.clientId, next);
    rebuild([next.clientId]);
  };

  return {
    partner: (clientId) => partners.get(clientId),
    byThumbprint: (thumbprint) => thumbprints.get(thumbprint),
    lists: (clientId) => entries.has(clientId),
    roster: () => roster,
    applied: () => ({
      resourceVersion: newest,
      rosterVersion: roster?.version ?? 0,
      refused: [...refusals].map(([name, reason]) => ({ clientId: name.replace(/^shard-/, ""), reason })),
    }),
    notReady(now) {
      if (served) return undefined;
      const problem = staleness(roster, startedAt, now);
      served = problem === undefined;
      return problem;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    take(document) {
      if (compareVersions(document.resourceVersion, newest) > 0) newest = document.resourceVersion;
      const text = `${document.signature}\n${document.payload}`;
      if (texts.get(document.name) === text) return;
      texts.set(document.name, text);
      const opened = openDocument(document, group, check);
      switch (opened.kind) {
        case "refused":
          return refuse(document.name, opened.reason);
        case "roster":
          return takeRoster(opened.roster);
        case "shard":
          return takeShard(document.name, opened.shard);
      }
    },
  };
}

/** The partner by its shard, as far as its entry in the roster allows. */
function listed(
  shard: Shard | undefined,
  entry: Roster["partners"][number] | undefined,
): ListedPartner | undefined {
  if (shard === undefined || entry === undefined || shard.version < entry.minimumVersion) return undefined;
  const revoked = new Set(entry.revoked);
  const certificates = new Map(
    shard.certificates
      .filter(({ thumbprint }) => !revoked.has(thumbprint))
      .map(({ thumbprint, notAfter }) => [thumbprint, Date.parse(notAfter)]),
  );
  return { clientId: shard.clientId, shard, suspended: entry.suspended, certificates };
}

/** The same version may be vouched for again, never an earlier one. */
function isOlder(next: Roster, present: Roster): boolean {
  if (next.version !== present.version) return next.version < present.version;
  return Date.parse(next.issuedAt) < Date.parse(present.issuedAt);
}

/** What is wrong with a starting pod's roster, or undefined. */
function staleness(roster: Roster | undefined, startedAt: Date, now: Date): string | undefined {
  if (roster === undefined) return "no roster yet";
  const issued = Date.parse(roster.issuedAt);
  if (issued >= startedAt.getTime()) return undefined;
  if (now.getTime() - startedAt.getTime() < ROSTER_PATIENCE_MS) {
    return `waiting for a roster issued after ${startedAt.toISOString()}; it has that of ${roster.issuedAt}`;
  }
  return now.getTime() - issued <= ROSTER_MAX_AGE_MS
    ? undefined
    : `its roster of ${roster.issuedAt} is older than ${ROSTER_MAX_AGE_MS / 60_000} min`;
}
