import type { Client } from "./client.ts";
import type { Clock, Stop } from "./clock.ts";
import { systemClock } from "./clock.ts";
import { microTime } from "./lease.ts";
import type { Logger } from "./logger.ts";
import { silent } from "./logger.ts";
import type { ObjectKey, OwnerReference } from "./object.ts";
import type { Lease } from "./resources.ts";
import { leases } from "./resources.ts";

export interface HeartbeatOptions {
  readonly client: Client;
  /** The Lease of this process, which nobody else writes. */
  readonly key: ObjectKey;
  readonly identity: string;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** The pod, so that the Lease goes with it. */
  readonly owners?: readonly OwnerReference[] | undefined;
  /** How long without renewal until readers take this process for dead, in ms. Default 30 s. */
  readonly durationMs?: number | undefined;
  /** Least time between two writes, in ms. Default 1 s. */
  readonly leastMs?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
}

/**
 * Says through a Lease that a process is alive, and in its annotations what it has to report.
 *
 * Changes are written at once but at most once a second, the newest winning; without changes a third of the duration
 * passes between writes. Failures are retried at the next beat.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #annotations: Readonly<Record<string, string>> = {};
  #next: { readonly at: number; readonly stop: Stop } | undefined;
  #lastWrite = Number.NEGATIVE_INFINITY;
  #writing: Promise<void> | undefined;
  #dirty = false;
  #running = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silent;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#schedule(0);
  }

  /** Reports these annotations from now on, in place of the earlier ones. */
  report(annotations: Readonly<Record<string, string>>): void {
    this.#annotations = annotations;
    this.#dirty = true;
    if (this.#running)
      this.#schedule(this.#lastWrite + (this.#options.leastMs ?? 1_000) - this.#clock.monotonic());
  }

  /** Stops and removes the Lease: this process is gone on purpose. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#next?.stop();
    await this.#writing;
    const { client, key } = this.#options;
    await client.delete(leases, key, { timeoutMs: 3_000 }).catch((error: unknown) => {
      this.#logger.warn({ err: error }, "heartbeat lease not removed");
    });
  }

  #schedule(ms: number): void {
    if (this.#writing) return;
    const at = this.#clock.monotonic() + Math.max(0, ms);
    if (this.#next && this.#next.at <= at) return;
    this.#next?.stop();
    this.#next = {
      at,
      stop: this.#clock.after(at - this.#clock.monotonic(), () => {
        this.#next = undefined;
        this.#writing = this.#write();
      }),
    };
  }

  async #write(): Promise<void> {
    const { client, key, identity, labels, owners, durationMs = 30_000, leastMs = 1_000 } = this.#options;
    this.#lastWrite = this.#clock.monotonic();
    this.#dirty = false;
    let failed = false;
    const lease: Lease = {
      apiVersion: leases.apiVersion,
      kind: leases.kind,
      metadata: { ...key, labels, annotations: this.#annotations, ownerReferences: owners },
      spec: {
        holderIdentity: identity,
        leaseDurationSeconds: Math.ceil(durationMs / 1000),
        renewTime: microTime(this.#clock.now()),
      },
    };
    try {
      await client.apply(leases, lease, { fieldManager: identity, force: true, timeoutMs: durationMs / 3 });
    } catch (error) {
      failed = true;
      this.#logger.warn({ err: error }, "heartbeat not written");
    }
    this.#writing = undefined;
    if (this.#running) this.#schedule(this.#dirty || failed ? leastMs : durationMs / 3);
  }
}
