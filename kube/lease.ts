import type { Random } from "./backoff.ts";
import type { Client } from "./client.ts";
import type { Clock } from "./clock.ts";
import { sleep, systemClock } from "./clock.ts";
import { KubeError } from "./error.ts";
import type { Logger } from "./logger.ts";
import { silent } from "./logger.ts";
import type { ObjectKey } from "./object.ts";
import type { Lease } from "./resources.ts";
import { leases } from "./resources.ts";

export interface LeaderElectionOptions {
  readonly client: Client;
  readonly key: ObjectKey;
  /** This process, unique among the candidates: a pod's name. */
  readonly identity: string;
  /** How long others wait after the last sign of life, in ms. Default 15 s. */
  readonly durationMs?: number | undefined;
  /** How long after its last renewal the holder still acts, in ms; less than the duration. Default 10 s. */
  readonly renewDeadlineMs?: number | undefined;
  /** Between renewals of the holder, in ms; who waits looks twice as often. Default 2 s. */
  readonly retryMs?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly logger?: Logger | undefined;
  /** Called at every change of {@link LeaderElection.held}, at the latest one retry after it. */
  readonly onChange?: ((leading: boolean) => void) | undefined;
}

/**
 * One process at a time leads: the holder of a Lease.
 *
 * Expiry is judged by the time since the record was last seen to change, so clocks of different machines need not
 * agree. The holder stops at its renew deadline, before anybody else may start. Losing the API server loses the lead
 * but never ends the election.
 */
export class LeaderElection {
  readonly #options: {
    readonly client: Client;
    readonly key: ObjectKey;
    readonly identity: string;
    readonly durationMs: number;
    readonly renewDeadlineMs: number;
    readonly retryMs: number;
    readonly clock: Clock;
    readonly random: Random;
  };
  readonly #logger: Logger;
  readonly #onChange: (leading: boolean) => void;
  readonly #stopped = new AbortController();
  #seen: { readonly record: string; readonly at: number } | undefined;
  /** Both clocks at the start of the last renewal that succeeded. */
  #renewed: { readonly monotonic: number; readonly wall: number } | undefined;
  #lease: Lease | undefined;
  #told = false;
  #running: Promise<void> | undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = {
      client: options.client,
      key: options.key,
      identity: options.identity,
      durationMs: options.durationMs ?? 15_000,
      renewDeadlineMs: options.renewDeadlineMs ?? 10_000,
      retryMs: options.retryMs ?? 2_000,
      clock: options.clock ?? systemClock,
      random: options.random ?? Math.random,
    };
    this.#logger = options.logger ?? silent;
    this.#onChange = options.onChange ?? (() => {});
  }

  /**
   * Whether this process may write now. Ask before every write.
   *
   * The wall clock counts as well as the monotonic one, which stands still while a machine is suspended; a jump of
   * the wall clock costs at most the lead.
   */
  held(): boolean {
    const { clock, renewDeadlineMs } = this.#options;
    if (!this.#renewed) return false;
    const passed = clock.monotonic() - this.#renewed.monotonic;
    const passedWall = clock.now().getTime() - this.#renewed.wall;
    return passed < renewDeadlineMs && Math.abs(passedWall - passed) < renewDeadlineMs;
  }

  /** Grows with every change of the holder: a fencing number for side effects. Undefined while another leads. */
  get epoch(): number | undefined {
    return this.held() ? this.#lease?.spec?.leaseTransitions : undefined;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Stops and gives the lease up, so that the next holder starts at once. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
    const released = this.held() && this.#lease;
    this.#renewed = undefined;
    this.#tell();
    if (!released) return;
    try {
      await this.#write({ ...released.spec, holderIdentity: "", leaseDurationSeconds: 1 }, released);
    } catch (error) {
      this.#logger.warn({ err: error }, "lease not released: the next holder waits for its end");
    }
  }

  async #run(): Promise<void> {
    const { clock, retryMs, random } = this.#options;
    while (!this.#stopped.signal.aborted) {
      try {
        await this.#attempt();
      } catch (error) {
        this.#logger.warn({ err: error }, "lease not renewed");
      }
      this.#tell();
      // Those who wait read only, and a lead that was given up is to be taken within two seconds. Jitter, so that they do
      // not all come at once.
      const wait = this.held() ? retryMs : (retryMs / 2) * (1 + 0.2 * random());
      await sleep(clock, wait, this.#stopped.signal);
    }
  }

  async #attempt(): Promise<void> {
    const { client, key, identity, clock, renewDeadlineMs, durationMs } = this.#options;
    const started = { monotonic: clock.monotonic(), wall: clock.now().getTime() };
    const limits = { timeoutMs: renewDeadlineMs / 2, signal: this.#stopped.signal };
    const found = await client.get(leases, key, limits);
    const now = microTime(clock.now());
    const own = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(durationMs / 1000),
      renewTime: now,
    };
    if (!found) {
      await this.#write({ ...own, acquireTime: now, leaseTransitions: 0 }, undefined);
    } else if (found.spec?.holderIdentity === identity && this.#renewed) {
      await this.#write({ ...found.spec, ...own }, found);
    } else if (found.spec?.holderIdentity === identity || this.#expired(found)) {
      // Our name without a renewal of ours: an earlier process of this pod, whose epoch ends here.
      const leaseTransitions = (found.spec?.leaseTransitions ?? 0) + 1;
      await this.#write({ ...found.spec, ...own, acquireTime: now, leaseTransitions }, found);
    } else {
      this.#renewed = undefined;
      return;
    }
    this.#renewed = started;
  }

  /** Whether the holder gave no sign of life for as long as it promised to give one. */
  #expired({ spec }: Lease): boolean {
    // Taken after the answer came: counting from before would let a slow answer shorten the holder's time.
    const now = this.#options.clock.monotonic();
    const record = JSON.stringify(spec ?? {});
    if (this.#seen?.record !== record) this.#seen = { record, at: now };
    if (!spec?.holderIdentity) return true;
    const promised = (spec.leaseDurationSeconds ?? 15) * 1000;
    return now - this.#seen.at >= promised;
  }

  async #write(spec: NonNullable<Lease["spec"]>, before: Lease | undefined): Promise<void> {
    const { client, key, renewDeadlineMs } = this.#options;
    const lease: Lease = before
      ? { ...before, spec }
      : { apiVersion: leases.apiVersion, kind: leases.kind, metadata: { ...key }, spec };
    const limits = { timeoutMs: renewDeadlineMs / 2 };
    try {
      this.#lease = await (before
        ? client.replace(leases, lease, limits)
        : client.create(leases, lease, limits));
    } catch (error) {
      // Somebody else was quicker; the next attempt reads who.
      if (error instanceof KubeError && error.status === 409) this.#lease = undefined;
      throw error;
    }
  }

  #tell(): void {
    const leading = this.held();
    if (leading === this.#told) return;
    this.#told = leading;
    this.#logger.info({ leading, identity: this.#options.identity }, "leadership changed");
    this.#onChange(leading);
  }
}

/** Lease times carry microseconds; Node's clock gives three of the six digits. */
export function microTime(time: Date): string {
  return time.toISOString().replace("Z", "000Z");
}
