import type { Random } from "./backoff.ts";
import type { Change, IndexFunction } from "./cache.ts";
import { Cache } from "./cache.ts";
import { canonicalJson } from "./canonical.ts";
import type { Client } from "./client.ts";
import type { Selection } from "./request-options.ts";
import type { Clock } from "./clock.ts";
import { sleep } from "./clock.ts";
import { isTransient, KubeError } from "./error.ts";
import { guardedClient } from "./guarded-client.ts";
import type { Logger } from "./logger.ts";
import type { KubeObject, ObjectKey, Resource } from "./object.ts";
import { kindText } from "./object.ts";
import { Reflector } from "./reflector.ts";

/** A kind to keep in cache. */
export interface WatchSpec<T extends KubeObject = never> extends Selection {
  readonly resource: Resource<T>;
  /** In which clusters. Default: all. */
  readonly where?: ((cluster: string) => boolean) | undefined;
  readonly transform?: ((object: T) => T) | undefined;
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>> | undefined;
}

export interface ClusterOptions {
  readonly name: string;
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Between looks whether the server answers, in ms. */
  readonly probeMs: number;
  readonly mayWrite: () => boolean;
  readonly onStale: ((resource: Resource<KubeObject>) => void) | undefined;
  readonly onChange: (resource: Resource<KubeObject>, change: Change<KubeObject>) => void;
  readonly onAvailable: (available: boolean) => void;
}

interface OneWatch {
  readonly cache: Cache<KubeObject>;
  readonly reflector: Reflector<KubeObject>;
  readonly selection: Selection;
}

/** Looks that fail in a row before a cluster counts as away. */
const FAILED_LOOKS = 2;

/** One engaged cluster: its client, its caches, and whether it answers. */
export class Cluster {
  readonly name: string;
  /** Refuses at once when the cluster is away, and writes when this process may not write. */
  readonly client: Client;
  readonly #options: ClusterOptions;
  readonly #watches = new Map<string, OneWatch>();
  readonly #stopped = new AbortController();
  readonly #probing: Promise<void>;
  #failedLooks = 0;
  #away: unknown;

  constructor(options: ClusterOptions) {
    this.name = options.name;
    this.#options = options;
    this.client = guardedClient(options.client, (access) => {
      if (this.#failedLooks >= FAILED_LOOKS) {
        throw new KubeError(`Cluster ${this.name} (${options.client.host}) does not answer.`, {
          reason: "Unreachable",
          cause: this.#away,
        });
      }
      if (access === "write" && !options.mayWrite()) {
        throw new KubeError(`This process does not lead: nothing is written to cluster ${this.name}.`, {
          reason: "NotLeading",
        });
      }
    });
    this.#probing = this.#probe();
  }

  /** Whether the API server answered lately. True until it is known to be away. */
  get available(): boolean {
    return this.#failedLooks < FAILED_LOOKS;
  }

  /** Whether every cache has its first complete picture. */
  get synced(): boolean {
    return [...this.#watches.values()].every(({ cache }) => cache.synced);
  }

  /** Resolves with the first complete picture of every kind watched until now. */
  get whenSynced(): Promise<void> {
    return Promise.all([...this.#watches.values()].map(({ cache }) => cache.whenSynced)).then(() => {});
  }

  /** What is not synced or not connected and why, for people. */
  problems(): readonly string[] {
    return [...this.#watches.values()].flatMap(({ cache, reflector }) => {
      if (cache.synced && reflector.connected) return [];
      const why = reflector.error instanceof Error ? `: ${reflector.error.message}` : "";
      return [
        `${cache.resource.kind} in ${this.name} is ${cache.synced ? "not watched" : "not synced"}${why}`,
      ];
    });
  }

  /** The cache of a kind, if the kind is watched here. */
  cache<T extends KubeObject>(resource: Resource<T>): Cache<T> | undefined {
    return this.#watches.get(kindText(resource))?.cache as unknown as Cache<T> | undefined;
  }

  /** The caches of all kinds that are watched here. */
  get caches(): readonly Cache<KubeObject>[] {
    return [...this.#watches.values()].map(({ cache }) => cache);
  }

  /** From the cache where the kind is watched and synced, from the server elsewhere. */
  async get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): Promise<T | undefined> {
    const cache = this.cache(resource);
    return cache?.synced ? cache.get(key) : this.client.get(resource, key);
  }

  /** The same for all of a namespace that the kind's watch selects: a cache that is being filled says nothing of what is not there. */
  async list<T extends KubeObject>(resource: Resource<T>, namespace: string): Promise<readonly T[]> {
    const cache = this.cache(resource);
    if (cache?.synced) return cache.list(namespace);
    const selection = this.#watches.get(kindText(resource))?.selection;
    return (await this.client.list(resource, { ...selection, namespace })).items;
  }

  /**
   * Keeps a kind in cache from now on. There is one watch per kind: a second call adds its indexes to the first one's.
   *
   * @throws Error when the kind is watched already with another selection.
   */
  watch<T extends KubeObject>(spec: WatchSpec<T>): void {
    const { resource, transform, indexes, where: _, ...selection } = spec;
    const existing = this.#watches.get(kindText(resource));
    if (existing) {
      if (canonicalJson(existing.selection) !== canonicalJson(selection)) {
        throw new Error(
          `${kindText(resource)} is watched already in cluster ${this.name} with another selection: ` +
            `${canonicalJson(existing.selection)}, not ${canonicalJson(selection)}.`,
        );
      }
      const cache = this.cache(resource);
      for (const [name, of] of Object.entries(indexes ?? {})) cache?.index(name, of);
      return;
    }
    const { client, clock, random, logger, onStale } = this.#options;
    const any = resource as unknown as Resource<KubeObject>;
    const cache = new Cache<T>({
      resource,
      transform,
      indexes,
      complete:
        !selection.namespace &&
        !selection.labelSelector &&
        !selection.fieldSelector &&
        !selection.metadataOnly,
      onStale: () => onStale?.(any),
      onError: (error) => logger.error({ err: error, cluster: this.name }, "a cache subscriber threw"),
    });
    cache.subscribe((change) => this.#options.onChange(any, change));
    const reflector = new Reflector<T>({ client, cache, clock, random, logger, ...selection });
    this.#watches.set(kindText(resource), {
      cache: cache as unknown as Cache<KubeObject>,
      reflector: reflector as unknown as Reflector<KubeObject>,
      selection,
    });
    reflector.start();
  }

  /** Ends the watches and the connections. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.all([...this.#watches.values()].map(({ reflector }) => reflector.stop()));
    await this.#options.client.close();
    await this.#probing;
  }

  async #probe(): Promise<void> {
    const { client, clock, probeMs, logger, onAvailable } = this.#options;
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const before = this.available;
      try {
        await client.raw({ method: "GET", path: "/version", repeatable: false, timeoutMs: 3_000, signal });
        this.#failedLooks = 0;
      } catch (error) {
        if (signal.aborted) return;
        // A refusal is an answer: the server is there.
        this.#failedLooks = isTransient(error) ? this.#failedLooks + 1 : 0;
        this.#away = error;
      }
      if (before !== this.available) {
        logger.warn(
          { cluster: this.name, available: this.available, err: this.#away },
          "cluster availability changed",
        );
        if (this.available) for (const { reflector } of this.#watches.values()) reflector.hurry();
        onAvailable(this.available);
      }
      await sleep(clock, this.#failedLooks === 1 ? Math.min(1_000, probeMs) : probeMs, signal);
    }
  }
}
