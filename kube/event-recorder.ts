import type { Client } from "./client.ts";
import type { Clock } from "./clock.ts";
import { systemClock } from "./clock.ts";
import { isNotFound } from "./error.ts";
import { microTime } from "./lease.ts";
import type { Logger } from "./logger.ts";
import { silent } from "./logger.ts";
import type { KubeObject, Manifest } from "./object.ts";
import { events } from "./resources.ts";

/** Something people should see under `kubectl describe`. */
export interface EventToRecord {
  readonly regarding: KubeObject;
  readonly type: "Normal" | "Warning";
  /** CamelCase; the same word as the condition's reason. */
  readonly reason: string;
  /** What was being done, CamelCase: `Reconcile`, `Apply`. */
  readonly action: string;
  /** A sentence, at most 1024 characters are kept. */
  readonly note: string;
}

export interface EventRecorderOptions {
  readonly client: Client;
  /** The program: `example.org/operator`. */
  readonly controller: string;
  /** This process. */
  readonly instance: string;
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
}

interface Series {
  readonly event: Manifest;
  readonly count: number;
  readonly last: number;
}

/** An event like one this recent adds to its series, in ms. */
const SERIES = 360_000;
/** Events an object may cause at once, and how often another after that, in ms: client-go's spam filter. */
const BURST = 25;
const REFILL = 300_000;
const REMEMBERED = 4_096;

/**
 * Publishes events without flooding: repetitions become a series, and one object cannot cause more than a burst.
 *
 * Never throws and never waits: an event that cannot be written is lost.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #series = new Map<string, Series>();
  readonly #tokens = new Map<string, { readonly left: number; readonly at: number }>();
  readonly #sending = new Set<Promise<void>>();

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silent;
  }

  record(event: EventToRecord): void {
    const { regarding, type, reason, action } = event;
    const source = regarding.metadata.uid ?? regarding.metadata.name;
    if (!this.#admits(source)) return;
    const key = [source, type, reason, action, event.note].join("|");
    const sending = this.#send(key, event)
      .catch((error: unknown) => this.#logger.debug({ err: error, reason }, "event not written"))
      .finally(() => this.#sending.delete(sending));
    this.#sending.add(sending);
  }

  /** Waits for what is on its way. */
  async flush(): Promise<void> {
    await Promise.all(this.#sending);
  }

  async #send(key: string, { regarding, type, reason, action, note }: EventToRecord): Promise<void> {
    const { client, controller, instance } = this.#options;
    const at = this.#clock.monotonic();
    const time = microTime(this.#clock.now());
    const before = this.#series.get(key);
    if (before && at - before.last < SERIES) {
      const count = before.count + 1;
      this.#remember(key, { event: before.event, count, last: at });
      const merge = { series: { count, lastObservedTime: time } };
      try {
        await client.patch(events, before.event.metadata, { merge });
        return;
      } catch (error) {
        // It was never written, or has expired: a series that goes on would be seen by nobody.
        if (!isNotFound(error)) throw error;
      }
    }
    const { name, namespace, uid, resourceVersion } = regarding.metadata;
    const event: Manifest = {
      apiVersion: events.apiVersion,
      kind: events.kind,
      metadata: {
        name: `${name.slice(0, 200)}.${BigInt(Math.round(at * 1e6)).toString(16)}${suffix(key)}`,
        // Events about cluster-scoped objects live in `default`.
        namespace: namespace ?? "default",
      },
      eventTime: time,
      reportingController: controller,
      reportingInstance: instance,
      type,
      reason,
      action,
      note: note.slice(0, 1024),
      regarding: {
        apiVersion: regarding.apiVersion,
        kind: regarding.kind,
        name,
        namespace,
        uid,
        resourceVersion,
      },
    };
    this.#remember(key, { event, count: 1, last: at });
    await client.create(events, event);
  }

  #remember(key: string, series: Series): void {
    this.#series.delete(key);
    this.#series.set(key, series);
    const [oldest] = this.#series.keys();
    if (this.#series.size > REMEMBERED && oldest !== undefined) this.#series.delete(oldest);
  }

  #admits(source: string): boolean {
    const now = this.#clock.monotonic();
    const bucket = this.#tokens.get(source) ?? { left: BURST, at: now };
    const left = Math.min(BURST, bucket.left + (now - bucket.at) / REFILL);
    this.#tokens.delete(source);
    this.#tokens.set(source, { left: left >= 1 ? left - 1 : left, at: now });
    const [oldest] = this.#tokens.keys();
    if (this.#tokens.size > REMEMBERED && oldest !== undefined) this.#tokens.delete(oldest);
    return left >= 1;
  }
}

/** Two events of one object in one nanosecond differ in their text. */
function suffix(key: string): string {
  let hash = 0;
  for (const character of key) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return hash.toString(16);
}
