import type { Random } from "./backoff.ts";
import { backoffDelay, watchBackoff } from "./backoff.ts";
import type { Cache } from "./cache.ts";
import type { Client } from "./client.ts";
import type { Selection } from "./request-options.ts";
import type { Clock } from "./clock.ts";
import { sleep, systemClock } from "./clock.ts";
import { isExpired, KubeError } from "./error.ts";
import { initialPicture, isPicture } from "./initial-picture.ts";
import type { Logger } from "./logger.ts";
import { silent } from "./logger.ts";
import type { KubeObject } from "./object.ts";
import { compareVersions } from "./object.ts";
import type { WatchEvent } from "./watch-stream.ts";
import { Watchdog } from "./watchdog.ts";

export interface ReflectorOptions<T extends KubeObject> extends Selection {
  readonly client: Client;
  readonly cache: Cache<T>;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly logger?: Logger | undefined;
  /**
   * Silence on a watch after which it is not trusted, in ms. Default 75 s: the server sends a bookmark about every
   * minute. A kind so quiet that none comes costs one request per such time.
   */
  readonly silenceMs?: number | undefined;
}

/** The watch lived this long: what failed before is history, in ms. */
const HEALTHY = 120_000;
/** A watch that ends sooner counts as failed, so that a server that closes at once is not asked in a loop, in ms. */
const SHORT = 1_000;

/**
 * Keeps a cache up to date with one kind in one cluster, for as long as it runs.
 *
 * No error ends it: it waits, longer each time up to 30 s, and goes on from where it was, or from a new list when the
 * server no longer knows that point (410) or never did (versions went backwards: the server was restored).
 */
export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #stopped = new AbortController();
  /** Where the watch stands; undefined: a complete picture is needed. */
  #version: string | undefined;
  /** The newest version ever seen: a picture older than that comes from a restored server. */
  #newest: string | undefined;
  #watchListServed = true;
  /** The last contact broke: the server may not be the one we knew. */
  #doubt = false;
  #failures = 0;
  #connected = false;
  #error: unknown;
  #running: Promise<void> | undefined;
  /** Ends the present wait. */
  #hurried = new AbortController();

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#logger = options.logger ?? silent;
  }

  /** Whether a watch is open now. */
  get connected(): boolean {
    return this.#connected;
  }

  /** Why not, if it is not. */
  get error(): unknown {
    return this.#error;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** The server is known to answer again: what failed before is history, and waiting for it is over. */
  hurry(): void {
    this.#failures = 0;
    this.#hurried.abort();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const started = this.#clock.monotonic();
      let failure: unknown;
      try {
        if (this.#doubt) await this.#checkPast();
        await (this.#version === undefined ? this.#begin() : this.#consume(this.#version));
      } catch (error) {
        failure = error;
      }
      this.#connected = false;
      if (signal.aborted) return;
      const lived = this.#clock.monotonic() - started;
      if (failure === undefined && lived >= SHORT) {
        this.#failures = 0;
        continue;
      }
      this.#failures = lived >= HEALTHY ? 1 : this.#failures + 1;
      await this.#recover(failure);
    }
  }

  async #recover(failure: unknown): Promise<void> {
    const { kind } = this.#options.cache.resource;
    const { host } = this.#options.client;
    this.#error = failure;
    if (isExpired(failure)) {
      this.#version = undefined;
      // The first time this is the ordinary end of a long pause; only a repetition is worth waiting for.
      if (this.#failures === 1) return;
    } else if (failure !== undefined) {
      this.#doubt = true;
    }
    const wait = backoffDelay(watchBackoff, this.#failures, this.#random);
    this.#logger.warn(
      { kind, host, failures: this.#failures, waitMs: Math.round(wait), err: failure },
      "watch broken",
    );
    this.#hurried = new AbortController();
    await sleep(this.#clock, wait, AbortSignal.any([this.#stopped.signal, this.#hurried.signal]));
  }

  /** A version from the future makes a watch hang in silence, so the server is asked for its own first. */
  async #checkPast(): Promise<void> {
    const { client, cache } = this.#options;
    if (this.#version !== undefined) {
      const now = await client.list(cache.resource, {
        ...this.#selection(),
        limit: 1,
        firstPageOnly: true,
        signal: this.#stopped.signal,
      });
      if (compareVersions(now.resourceVersion, this.#version) < 0) this.#version = undefined;
    }
    this.#doubt = false;
  }

  async #begin(): Promise<void> {
    const { cache, client } = this.#options;
    if (!this.#watchListServed) {
      const { items, resourceVersion } = await client.list(cache.resource, {
        ...this.#selection(),
        signal: this.#stopped.signal,
      });
      this.#take(
        items.map((item) => cache.keep(item)),
        resourceVersion,
      );
      return this.#consume(resourceVersion);
    }
    try {
      await this.#consume(undefined);
    } catch (error) {
      const refused = error instanceof KubeError && (error.status === 400 || error.status === 422);
      // A server that does not know the parameter sends what there is and then nothing, never the final bookmark.
      const ignored = error instanceof KubeError && error.reason === "Stalled" && this.#version === undefined;
      if (!refused && !ignored) throw error;
      this.#watchListServed = false;
      return this.#begin();
    }
  }

  /** Reads one watch to its end. Without a version it starts with everything there is. */
  async #consume(version: string | undefined): Promise<void> {
    const { client, cache, silenceMs = 75_000 } = this.#options;
    const timeoutSeconds = 300 + Math.floor(this.#random() * 300);
    const ended = new AbortController();
    const watchdog = new Watchdog(this.#clock, () => {
      ended.abort(
        new KubeError(`WATCH ${cache.resource.plural}: ${client.host} went silent.`, { reason: "Stalled" }),
      );
    });
    const signal = AbortSignal.any([this.#stopped.signal, ended.signal]);
    const raw = client.watch(cache.resource, {
      ...this.#selection(),
      timeoutSeconds,
      resourceVersion: version,
      sendInitialEvents: version === undefined ? true : undefined,
      // Not the first event: a quiet kind may have none for a minute, and is watched all the same.
      onOpen: () => {
        this.#connected = true;
        this.#error = undefined;
      },
      signal,
    });
    const steps = version === undefined ? initialPicture(raw, (object) => cache.keep(object)) : raw;
    watchdog.expect(version === undefined ? Math.min(silenceMs, 10_000) : silenceMs);
    try {
      for await (const step of steps) {
        watchdog.expect(
          this.#version === undefined && !isPicture(step) ? Math.min(silenceMs, 10_000) : silenceMs,
        );
        if (isPicture(step)) this.#take(step.items, step.version);
        else if (step !== undefined) this.#see(step);
      }
    } finally {
      watchdog.rest();
      ended.abort();
    }
  }

  #take(items: readonly T[], version: string): void {
    this.#options.cache.replace(items, version, this.#wentBackwards(version));
    this.#version = version;
    this.#newest = version;
  }

  #wentBackwards(version: string): boolean {
    return this.#newest !== undefined && compareVersions(version, this.#newest) < 0;
  }

  #see(event: WatchEvent<T>): void {
    const { cache } = this.#options;
    const version = versionOf(event);
    if (version !== undefined && this.#wentBackwards(version)) throw this.#backwards(version);
    switch (event.type) {
      case "ADDED":
      case "MODIFIED":
        cache.seen(event.object);
        break;
      case "DELETED":
        cache.removed(event.object);
        break;
      case "BOOKMARK":
        cache.caughtUp(event.resourceVersion);
        break;
    }
    this.#version = version;
    this.#newest = version;
  }

  /** A watch tells in order: something older comes from another past, and what was taken from this one may never have been. */
  #backwards(version: string): KubeError {
    const { plural } = this.#options.cache.resource;
    return new KubeError(
      `WATCH ${plural}: versions went backwards, from ${this.#newest} to ${version}; a new picture is needed.`,
      { reason: "Expired" },
    );
  }

  #selection(): Selection {
    const { namespace, labelSelector, fieldSelector, metadataOnly } = this.#options;
    return { namespace, labelSelector, fieldSelector, metadataOnly };
  }
}

function versionOf<T extends KubeObject>(event: WatchEvent<T>): string | undefined {
  return event.type === "BOOKMARK" ? event.resourceVersion : event.object.metadata.resourceVersion;
}
