import { setImmediate as immediate } from "node:timers/promises";

import type { Random } from "./backoff.ts";
import { backoffDelay, workBackoff } from "./backoff.ts";
import type { Clock, Stop } from "./clock.ts";
import { systemClock } from "./clock.ts";
import type { ClusterEvent, Clusters } from "./clusters.ts";
import type { Driver } from "./driver.ts";
import { KubeError } from "./error.ts";
import type { Logger } from "./logger.ts";
import { silent } from "./logger.ts";
import type { ControllerMetrics, ReconcileResult } from "./metrics.ts";
import type { KubeObject, ObjectKey } from "./object.ts";
import { keyOf, keyText, kindText, parseKey } from "./object.ts";
import type { Outcome } from "./outcome.ts";
import type { OwnershipMarks } from "./ownership.ts";
import { ownerKeyOf } from "./ownership.ts";
import type { Controller, PlannedStatus } from "./plan.ts";
import { HOME } from "./plan.ts";
import { priority, WorkQueue } from "./queue.ts";

export interface RunnerOptions<Owner extends KubeObject, World, Status extends PlannedStatus, Action> {
  readonly controller: Controller<Owner, World, Status, Action>;
  readonly driver: Driver;
  readonly clusters: Clusters;
  readonly marks: OwnershipMarks;
  /** Which resources a change elsewhere concerns, beside the resource itself and what it owns. */
  readonly wakes?: ((event: ClusterEvent) => readonly ObjectKey[]) | undefined;
  /** A resource whose changes go before all others: a suspension, a revocation. */
  readonly isUrgent?: ((owner: Owner) => boolean) | undefined;
  /** Reconciles at the same time, beside two more for what goes before ordinary changes. Default 10. */
  readonly concurrency?: number | undefined;
  /** A reconcile longer than this is counted and logged, in ms. Default 60 s. */
  readonly timeoutMs?: number | undefined;
  /** Every resource is looked at again within this time, in ms. Default 10 h. */
  readonly resyncMs?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly logger?: Logger | undefined;
  readonly metrics?: ControllerMetrics | undefined;
}

/** Workers with a share of the queue. */
interface Lane {
  readonly workers: number;
  /** They take only keys of a higher priority. */
  readonly above: number;
  readonly work: Set<Promise<void>>;
  pumping: boolean;
}

/** Workers kept free for safety work and new resources, so that neither waits until a slow reconcile ends. */
const RESERVED = 2;
/** A thousand reconciles that find everything in place wait for no answer: news is let in this often, in ms. */
const LISTEN = 5;

/**
 * Runs one controller: watches wake keys, workers reconcile them, failures wait longer each time.
 *
 * The queue fills from the start, so that a standby has everything ready; workers begin with {@link lead}.
 */
export class ControllerRunner<Owner extends KubeObject, World, Status extends PlannedStatus, Action> {
  readonly queue: WorkQueue;
  readonly #options: RunnerOptions<Owner, World, Status, Action>;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #stops: Stop[] = [];
  readonly #repeats = new Map<string, number>();
  readonly #lanes: readonly Lane[];
  #leading = false;
  #listened = 0;

  constructor(options: RunnerOptions<Owner, World, Status, Action>) {
    const { controller, clusters, clock, random, logger, metrics } = options;
    this.#options = options;
    this.#clock = clock ?? systemClock;
    this.#random = random ?? Math.random;
    this.#logger = logger ?? silent;
    this.#lanes = [
      { workers: this.#limit, above: Number.NEGATIVE_INFINITY, work: new Set(), pumping: false },
      { workers: RESERVED, above: priority.change, work: new Set(), pumping: false },
    ];
    this.queue = new WorkQueue({ clock, random, observer: metrics?.queue });
    this.#stops.push(
      clusters.subscribe((event) => this.#wake(event)),
      clusters.onAvailability((_cluster, available) => {
        if (available) this.#addAll(priority.resync);
      }),
    );
    clusters.watch({ resource: controller.resource, where: (cluster) => cluster === HOME });
    this.#tellWorkers();
    metrics?.onScrape(() => {
      const ages = [...this.queue.inWork.values()].map((since) => (this.#clock.monotonic() - since) / 1000);
      const unfinished = ages.reduce((sum, age) => sum + age, 0);
      return { depth: this.queue.depth, unfinished, longest: Math.max(0, ...ages) };
    });
  }

  /** Begins (true) or ends (false) to reconcile. What is being done when it ends is finished or refused by the fence. */
  lead(leading: boolean): void {
    this.#leading = leading;
    if (leading) for (const lane of this.#lanes) void this.#pump(lane);
  }

  /** Takes no more keys and waits for those in work. */
  async stop(): Promise<void> {
    this.#leading = false;
    for (const stop of this.#stops.splice(0)) stop();
    this.queue.stop();
    await Promise.all(this.#lanes.flatMap(({ work }) => [...work]));
  }

  get #limit(): number {
    return this.#options.concurrency ?? 10;
  }

  #wake({ cluster, resource, change }: ClusterEvent): void {
    const { controller, marks, wakes, isUrgent } = this.#options;
    const isOwner = cluster === HOME && kindText(resource) === kindText(controller.resource);
    const isEcho = change.writtenBy === marks.managedBy;
    // A spec that another controller of ours has written is news to this one; a status is not.
    const isSameSpec = change.previous?.metadata.generation === change.object.metadata.generation;
    const level = change.initial ? priority.resync : priority.change;
    if (isOwner && !(isEcho && isSameSpec)) {
      const urgent = isUrgent?.(change.object as unknown as Owner) ?? false;
      const plain = change.type === "added" && !change.initial ? priority.created : level;
      this.queue.add(keyText(keyOf(change.object)), { priority: urgent ? priority.safety : plain });
    }
    // The driver looks at the world again after its own writes anyway.
    if (!isEcho && !isOwner) {
      // Of the object before, too: its owner is to hear of a label that a hand changed.
      for (const object of [change.object, change.previous]) {
        const owner = object && ownerKeyOf(object, controller.resource, marks);
        if (owner) this.queue.add(keyText(owner), { priority: level });
      }
    }
    for (const key of wakes?.({ cluster, resource, change }) ?? [])
      this.queue.add(keyText(key), { priority: level });
  }

  #addAll(level: number): void {
    const cache = this.#options.clusters.get(HOME)?.cache(this.#options.controller.resource);
    for (const object of cache?.list() ?? []) this.queue.add(keyText(keyOf(object)), { priority: level });
  }

  /** What is urgent stays so until it is done. */
  #levelOf(text: string): number {
    const { clusters, controller, isUrgent } = this.#options;
    const owner = clusters.get(HOME)?.cache(controller.resource)?.get(parseKey(text));
    return owner && isUrgent?.(owner) ? priority.safety : priority.change;
  }

  /** Nobody looks again at what no longer exists: its return would be news, and its key would be kept for ever. */
  #isGone(text: string): boolean {
    const { clusters, controller } = this.#options;
    const cache = clusters.get(HOME)?.cache(controller.resource);
    return cache?.synced === true && cache.get(parseKey(text)) === undefined;
  }

  async #pump(lane: Lane): Promise<void> {
    if (lane.pumping) return;
    lane.pumping = true;
    await this.#synced();
    while (this.#leading) {
      if (lane.work.size >= lane.workers) {
        await Promise.race(lane.work);
        continue;
      }
      if (this.#clock.monotonic() - this.#listened > LISTEN) {
        await immediate();
        this.#listened = this.#clock.monotonic();
      }
      const key = await this.queue.take(lane.above);
      if (key === undefined) break;
      if (!this.#leading) {
        // Taken for a leader that is none any more: whoever leads next finds it again.
        this.queue.done(key);
        this.queue.add(key, { priority: priority.resync });
        break;
      }
      const work = this.#reconcile(key).finally(() => {
        this.queue.done(key);
        lane.work.delete(work);
        this.#tellWorkers();
      });
      lane.work.add(work);
      this.#tellWorkers();
    }
    lane.pumping = false;
    if (this.#leading) void this.#pump(lane);
  }

  #tellWorkers(): void {
    const active = this.#lanes.reduce((sum, { work }) => sum + work.size, 0);
    this.#options.metrics?.workers(active, this.#limit + RESERVED);
  }

  /** Nothing is decided before the home cluster's caches are complete: absence must mean absence. */
  async #synced(): Promise<void> {
    const { clusters, controller } = this.#options;
    const home = clusters.get(HOME);
    await home?.cache(controller.resource)?.whenSynced;
  }

  async #reconcile(text: string): Promise<void> {
    const { controller, driver, metrics, timeoutMs = 60_000 } = this.#options;
    const started = this.#clock.monotonic();
    const key = parseKey(text);
    const stop = this.#clock.after(timeoutMs, () => {
      metrics?.timedOut();
      this.#logger.error({ controller: controller.name, key: text, timeoutMs }, "reconcile takes too long");
    });
    let result: ReconcileResult;
    try {
      result = this.#settle(text, await driver.reconcile(controller, key));
    } catch (error) {
      if (error instanceof KubeError && error.reason === "NotLeading") {
        // The fence, not a failure: whoever leads finds the key again.
        stop();
        this.queue.add(text, { priority: priority.resync, afterMs: 1_000 });
        return;
      }
      // A refusal by the home cluster is ordinary; anything else is a bug of ours.
      const refusal = error instanceof KubeError ? error : undefined;
      if (!refusal) metrics?.panicked();
      const waitMs = this.queue.retry(text, { atLeastMs: refusal?.retryAfterMs ?? 0 });
      const log = { controller: controller.name, key: text, waitMs, err: error };
      if (refusal) this.#logger.warn(log, "reconcile failed");
      else this.#logger.error(log, "reconcile threw");
      result = "error";
    }
    stop();
    metrics?.reconciled(result, (this.#clock.monotonic() - started) / 1000);
  }

  #settle(text: string, { failures, again, recheckAfter, writes }: Outcome): ReconcileResult {
    const { controller, metrics, resyncMs = 36_000_000 } = this.#options;
    const log = { controller: controller.name, key: text, writes };
    const retried = failures.find(({ kind }) => kind === "transient");
    const terminal = failures.find(({ kind }) => kind === "terminal");
    const recheck = Math.min(
      recheckAfter ?? Number.POSITIVE_INFINITY,
      resyncMs * (0.9 + 0.1 * this.#random()),
    );
    if (retried) {
      const wait = { atLeastMs: retried.retryAfterMs ?? 0, priority: this.#levelOf(text) };
      const waitMs = this.queue.retry(text, wait);
      this.#logger.warn({ ...log, reason: retried.reason, waitMs, err: retried.cause }, "reconcile failed");
      return "error";
    }
    this.queue.forget(text);
    if (terminal) {
      metrics?.terminal();
      this.#logger.warn({ ...log, reason: terminal.reason, err: terminal.cause }, "reconcile stalled");
      this.queue.add(text, { afterMs: recheck, priority: priority.resync });
      return "error";
    }
    if (again) {
      // Two who undo each other's writes would go on for ever: every repetition waits longer.
      const repeats = (this.#repeats.get(text) ?? 0) + 1;
      this.#repeats.set(text, repeats);
      this.#logger.info(log, "reconciled");
      const afterMs = repeats === 1 ? 0 : backoffDelay(workBackoff, repeats, this.#random);
      this.queue.add(text, { afterMs, priority: this.#levelOf(text) });
      return "requeue";
    }
    this.#repeats.delete(text);
    if (writes > 0) this.#logger.info(log, "status written");
    if (this.#isGone(text)) return "success";
    this.queue.add(text, {
      afterMs: recheck,
      priority: recheckAfter === undefined ? priority.resync : priority.change,
    });
    return recheckAfter === undefined ? "success" : "requeue_after";
  }
}
