import { HUB_LEASE_EVERY_MS, ROSTER_NAME, type Roster } from "../../crds/shard.ts";
import { KeyStoreError } from "../../key-store/error.ts";
import type { Cluster } from "../../kube/cluster.ts";
import type { Clusters } from "../../kube/clusters.ts";
import type { Clock, Stop } from "../../kube/clock.ts";
import { NOTHING_THERE } from "../../kube/apply.ts";
import { isConflict, isUnreachable } from "../../kube/error.ts";
import type { Logger } from "../../kube/logger.ts";
import { lookAgain } from "../../kube/look-again.ts";
import { type OwnershipMarks, ownerLabels } from "../../kube/ownership.ts";
import { HOME } from "../../kube/plan.ts";
import { WorkQueue } from "../../kube/queue.ts";
import { type ConfigMap, configMaps, leases, namespaces } from "../../kube/resources.ts";
import {
  type FailoverGroupObject,
  failoverGroups,
  type PartnerObject,
  partners,
  regions,
} from "../../crds/resources.ts";
import { clientIdOf } from "../csr/names.ts";
import { liveServers } from "../signed/server.ts";
import { signedConfigMap, withSignature } from "../signed/signed-config-map.ts";
import { type SignedReader, signedReader } from "../signed/signed-reader.ts";
import { stackPlace } from "../signed/stack-place.ts";
import type { ShardSigner } from "../shard-signer.ts";
import { hubLease } from "./hub-lease.ts";
import { orphansOf, reissueAfter, rosterFor } from "./roster.ts";
import { groupsToWake } from "./wake.ts";

export interface RosterKeeperOptions {
  readonly clusters: Clusters;
  readonly signer: ShardSigner;
  readonly marks: OwnershipMarks;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of this process, for the Lease that stacks hear it by. */
  readonly identity: string;
}

/** A stack that is not there yet is looked for again after this long, in ms. */
const LOOK_AGAIN = 1_000;

/** A region that takes longer for one write is asked again, in ms: what waits may be a suspension. */
const WRITE_PATIENCE = 5_000;

/** What cannot be signed is tried again after this long at most, in ms: what waits may be a suspension. */
const SIGN_PATIENCE = 2_000;

/**
 * Keeps the roster of every FailoverGroup's stack, and of the partners' own gateways beside it.
 *
 * Not one of the driver's controllers, because it must be quick: a suspended partner is one event, one write. It has
 * no status of its own and nothing to clean up, since the roster goes with its stack's namespace.
 *
 * Reads the caches of `clusters`: whoever builds them calls `watchForPartners` first.
 */
export class RosterKeeper {
  readonly #options: RosterKeeperOptions;
  readonly #queue = new WorkQueue();
  readonly #stops: readonly Stop[];
  readonly #work = new Set<Promise<void>>();
  readonly #running: Promise<void>;
  readonly #reader: SignedReader;
  /** The last roster of each namespace, for one that a hand made unreadable: what it said must not be forgotten. */
  readonly #last = new Map<string, Roster>();
  /** When each namespace last heard of the hub, on the monotonic clock. */
  readonly #said = new Map<string, number>();
  #leading = false;

  constructor(options: RosterKeeperOptions) {
    this.#options = options;
    const { clusters, signer } = options;
    this.#reader = signedReader(signer.trust);
    this.#stops = [
      clusters.subscribe((event) => {
        for (const { group, ...when } of groupsToWake(event, this.#groups())) this.#queue.add(group, when);
      }),
      clusters.onAvailability(() => this.#wakeAll()),
      signer.onTrouble(() => this.#wakeAll()),
    ];
    this.#running = this.#run();
  }

  /** Begins (true) or ends (false) to write. */
  lead(leading: boolean): void {
    this.#leading = leading;
    // Another leader may have written since.
    this.#last.clear();
    if (leading) this.#wakeAll();
  }

  /** Takes no more work and finishes the writes in hand. */
  async stop(): Promise<void> {
    this.#leading = false;
    for (const stop of this.#stops) stop();
    this.#queue.stop();
    await this.#running;
    await Promise.all(this.#work);
  }

  #groups(): readonly FailoverGroupObject[] {
    return this.#options.clusters.get(HOME)?.cache(failoverGroups)?.list() ?? [];
  }

  #wakeAll(): void {
    for (const { metadata } of this.#groups()) this.#queue.add(metadata.name);
  }

  async #run(): Promise<void> {
    for (let name = await this.#queue.take(); name !== undefined; name = await this.#queue.take()) {
      const group = name;
      // Beside one another: a region that answers slowly delays no other's roster.
      const work = this.#visit(group).finally(() => {
        this.#queue.done(group);
        this.#work.delete(work);
      });
      this.#work.add(work);
    }
  }

  async #visit(name: string): Promise<void> {
    const { logger } = this.#options;
    // Whoever leads begins with every group.
    if (!this.#leading) return;
    try {
      const afterMs = await this.#keep(name);
      this.#queue.forget(name);
      if (afterMs !== undefined) this.#queue.add(name, { afterMs });
    } catch (error) {
      const unsigned = error instanceof KeyStoreError;
      const waitMs = this.#queue.retry(name, unsigned ? { capMs: SIGN_PATIENCE } : {});
      // Whoever listens to the signer says it, once for all rosters.
      if (unsigned) return;
      if (isUnreachable(error)) logger.info({ group: name, waitMs }, "roster waits for its region");
      else logger.warn({ err: error, group: name, waitMs }, "roster not written");
    }
  }

  /** @returns milliseconds until the next look. */
  async #keep(name: string): Promise<number | undefined> {
    const { clusters, logger } = this.#options;
    const home = clusters.get(HOME);
    // Without a complete picture of the Partners nobody may be said to have left.
    if (!home?.cache(partners)?.synced || !home.cache(failoverGroups)?.synced) return LOOK_AGAIN;
    const group = home.cache(failoverGroups)?.get({ name });
    if (!group || group.metadata.deletionTimestamp !== undefined) return undefined;
    const place = stackPlace(group, (region) => home.cache(regions)?.get({ name: region }));
    const cluster = place && clusters.get(place.cluster);
    if (!place || !cluster?.cache(leases)?.synced) return LOOK_AGAIN;
    const { namespace, region } = place;
    const own = group.status?.dedicated?.flatMap(({ clientId, namespace: beside }) =>
      beside === undefined ? [] : [{ namespace: beside, region, only: clientId }],
    );
    // Beside one another: what is suspended is refused everywhere at the same time, and nobody's trouble is another's.
    const [afterMs, ...others] = await Promise.all([
      this.#keepIn({ namespace, region }, group, cluster),
      ...(own ?? []).map((each) =>
        this.#keepIn(each, group, cluster).catch((error: unknown) => {
          if (!(error instanceof KeyStoreError))
            logger.warn({ err: error, group: name, namespace: each.namespace }, "roster not written");
          return LOOK_AGAIN;
        }),
      ),
    ]);
    return Math.min(afterMs, ...others);
  }

  /** Keeps the roster of one namespace: the stack's, or that of one partner's own gateways, which lists nobody else. */
  async #keepIn(
    { namespace, region, only }: Place,
    group: FailoverGroupObject,
    cluster: Cluster,
  ): Promise<number> {
    const { clusters, signer, marks, clock, logger } = this.#options;
    const { name } = group.metadata;
    const present = await presentRoster(cluster, namespace);
    if (!present && !(await isThere(cluster, namespace))) return LOOK_AGAIN;

    const now = clock.now();
    const before = this.#reader.roster(present, name);
    const previous = before ?? this.#last.get(namespace);
    const servers = liveServers(cluster.cache(leases)?.list(namespace) ?? [], now);
    const all = clusters.get(HOME)?.cache(partners)?.list() ?? [];
    const world = {
      group: name,
      partners: only === undefined ? all : all.filter(isClient(only)),
      previous,
      servers,
    };
    const roster = rosterFor(world, now);
    this.#last.set(namespace, roster);
    const parts = { name: ROSTER_NAME, namespace, kind: "roster", document: roster } as const;
    const { object, incomplete } = signedConfigMap({ ...parts, present: before && present }, signer);
    const signed = incomplete ? await withSignature(object, signer) : object;
    const labels = { ...signed.metadata.labels, ...ownerLabels(group, marks) };
    const wanted: ConfigMap = { ...signed, metadata: { ...signed.metadata, labels } };
    if (!isAsWanted(present, wanted)) {
      const options = { fieldManager: marks.managedBy, force: true, timeoutMs: WRITE_PATIENCE };
      const { resourceVersion = NOTHING_THERE } = present?.metadata ?? {};
      const sent = { ...wanted, metadata: { ...wanted.metadata, resourceVersion } };
      const { object: written } = await cluster.client
        .apply(configMaps, sent, options)
        .catch(async (error) => {
          // Another operator was quicker. What it wrote decides the next version, however old the cache is.
          if (isConflict(error)) await lookAgain(cluster, configMaps, sent.metadata, marks.managedBy);
          throw error;
        });
      cluster.cache(configMaps)?.wrote(written, marks.managedBy);
      const { version, issuedAt } = roster;
      const orphans = orphansOf(world);
      logger.info({ group: name, namespace, region, version, issuedAt, orphans }, "roster written");
    }
    // Only now: what the stack hears is that this roster, which it has, is what the hub wants.
    await this.#say(cluster, namespace, roster);
    return Math.min(reissueAfter(roster, now), HUB_LEASE_EVERY_MS);
  }

  async #say(cluster: Cluster, namespace: string, roster: Roster): Promise<void> {
    const { marks, clock, identity } = this.#options;
    const before = this.#said.get(namespace);
    // A change of the roster in between needs no word of its own.
    if (before !== undefined && clock.monotonic() - before < HUB_LEASE_EVERY_MS - 50) return;
    this.#said.set(namespace, clock.monotonic());
    await cluster.client.apply(leases, hubLease({ namespace, identity, roster }, clock.now()), {
      fieldManager: marks.managedBy,
      force: true,
      timeoutMs: WRITE_PATIENCE,
    });
  }
}

/** A namespace with a roster in it. */
interface Place {
  readonly namespace: string;
  readonly region: string;
  /** The only client it may list; undefined: all of the group. */
  readonly only?: string | undefined;
}

const isClient =
  (clientId: string) =>
  ({ metadata }: PartnerObject): boolean =>
    clientIdOf(metadata.namespace ?? "", metadata.name) === clientId;

/** One whose labels a hand took away is not in the cache, and yet there. */
async function presentRoster(cluster: Cluster, namespace: string): Promise<ConfigMap | undefined> {
  const key = { namespace, name: ROSTER_NAME };
  return (await cluster.get(configMaps, key)) ?? cluster.client.get(configMaps, key);
}

async function isThere(cluster: Cluster, namespace: string): Promise<boolean> {
  const found = await cluster.get(namespaces, { name: namespace });
  return found !== undefined && found.metadata.deletionTimestamp === undefined;
}

function isAsWanted(present: ConfigMap | undefined, wanted: ConfigMap): boolean {
  const covers = (
    have: Readonly<Record<string, string>> | undefined,
    want: Readonly<Record<string, string>> | undefined,
  ): boolean => Object.entries(want ?? {}).every(([key, value]) => have?.[key] === value);
  return (
    present !== undefined &&
    covers(present.data, wanted.data) &&
    covers(present.metadata.labels, wanted.metadata.labels)
  );
}
