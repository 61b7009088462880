import type { Random } from "./backoff.ts";
import type { Change } from "./cache.ts";
import type { Client } from "./client.ts";
import type { Clock, Stop } from "./clock.ts";
import { systemClock } from "./clock.ts";
import type { WatchSpec } from "./cluster.ts";
import { Cluster } from "./cluster.ts";
import type { Logger } from "./logger.ts";
import { silent } from "./logger.ts";
import type { KubeObject, Resource } from "./object.ts";
import { tellAll } from "./tell-all.ts";

export interface ClustersOptions {
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly logger?: Logger | undefined;
  /** Between looks whether a cluster answers, in ms. Default 5 s. */
  readonly probeMs?: number | undefined;
  /** Asked before every write through {@link Cluster.client}: the election's `held`. Default: always. */
  readonly mayWrite?: (() => boolean) | undefined;
  /** News older than a write of ours came and was left out; `kitMetrics(registry).stale` counts it. */
  readonly onStale?: ((resource: Resource<KubeObject>) => void) | undefined;
}

/** What happened in a cluster. */
export interface ClusterEvent {
  readonly cluster: string;
  readonly resource: Resource<KubeObject>;
  readonly change: Change<KubeObject>;
}

/**
 * The clusters at hand. They come and go while the program runs, each with its own connections and caches: one that
 * is away stops nothing in the others.
 */
export class Clusters {
  readonly #options: ClustersOptions;
  readonly #clusters = new Map<string, Cluster>();
  readonly #specs: WatchSpec[] = [];
  readonly #listeners = new Set<(event: ClusterEvent) => void>();
  readonly #availability = new Set<(cluster: string, available: boolean) => void>();

  constructor(options: ClustersOptions = {}) {
    this.#options = options;
  }

  get names(): readonly string[] {
    return [...this.#clusters.keys()];
  }

  get(name: string): Cluster | undefined {
    return this.#clusters.get(name);
  }

  /**
   * Keeps a kind in cache in every cluster that `where` names, engaged now or later.
   *
   * Kinds are watched once per cluster: several callers share the cache, and their indexes add up.
   *
   * @throws Error when the kind is watched already in a cluster at hand with another selection.
   */
  watch<T extends KubeObject>(spec: WatchSpec<T>): void {
    this.#specs.push(spec as unknown as WatchSpec);
    for (const cluster of this.#clusters.values()) {
      if (spec.where?.(cluster.name) ?? true) cluster.watch(spec);
    }
  }

  /** Begins to work with a cluster, in place of an earlier one of that name. The client is closed with it. */
  async engage(name: string, client: Client): Promise<Cluster> {
    await this.disengage(name);
    const { clock, random, logger, probeMs, mayWrite, onStale } = this.#options;
    const cluster = new Cluster({
      name,
      client,
      clock: clock ?? systemClock,
      random: random ?? Math.random,
      logger: logger ?? silent,
      probeMs: probeMs ?? 5_000,
      mayWrite: mayWrite ?? (() => true),
      onStale,
      onChange: (resource, change) =>
        tellAll(this.#listeners, { cluster: name, resource, change }, (error) => this.#threw(error, name)),
      onAvailable: (available) => this.#tellAvailable(name, available),
    });
    this.#clusters.set(name, cluster);
    // Listeners exist before the watches begin, so that nothing of the first picture is missed.
    for (const spec of this.#specs) if (spec.where?.(name) ?? true) cluster.watch(spec);
    this.#tellAvailable(name, true);
    return cluster;
  }

  #tellAvailable(name: string, available: boolean): void {
    const listeners = [...this.#availability].map((listener) => () => listener(name, available));
    tellAll(listeners, undefined, (error) => this.#threw(error, name));
  }

  #threw(error: unknown, cluster: string): void {
    this.#options.logger?.error({ err: error, cluster }, "a listener threw");
  }

  /** Lets go of a cluster. */
  async disengage(name: string): Promise<void> {
    const cluster = this.#clusters.get(name);
    this.#clusters.delete(name);
    await cluster?.stop();
  }

  async stop(): Promise<void> {
    await Promise.all(this.names.map((name) => this.disengage(name)));
  }

  /** Calls `listener` at every change in every cluster's caches. */
  subscribe(listener: (event: ClusterEvent) => void): Stop {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls `listener` when a cluster is engaged, goes away or comes back. */
  onAvailability(listener: (cluster: string, available: boolean) => void): Stop {
    this.#availability.add(listener);
    return () => this.#availability.delete(listener);
  }
}
