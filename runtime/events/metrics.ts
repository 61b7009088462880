import { Counter, Gauge, type Registry } from "prom-client";
import type { Queries } from "../service/postgres.ts";
import type { Forgotten } from "./retention.ts";
import type { PushResult } from "./webhook/push.ts";

/** What waits is counted so far, for partners and for webhooks each: a gauge costs no more when more waits. */
const COUNTED = 100;

/** What the events service counts. */
export interface EventsMetrics {
  relayed(source: string, events: number): void;
  published(events: number): void;
  pushed(result: PushResult): void;
  forgotten(forgotten: Forgotten): void;
}

/**
 * Registers `wekeza_events_relayed_total` (source), `wekeza_events_published_total`, `wekeza_events_pushes_total` (outcome),
 * `wekeza_events_forgotten_total` (what: events, untaken, pushes),
 * and, read from the database
 * when asked, `wekeza_events_waiting` and `wekeza_events_waiting_oldest_seconds`: notifications that wait for a partner, or for one of
 * the webhooks of its resource. Of each of the two the oldest {@link COUNTED} are counted.
 */
export function eventsMetrics(registry: Registry, database: Queries, clock: () => Date): EventsMetrics {
  const registers = [registry];
  const relayed = new Counter({
    name: "wekeza_events_relayed_total",
    help: "Events moved from an outbox into the log.",
    labelNames: ["source"],
    registers,
  });
  const published = new Counter({
    name: "wekeza_events_published_total",
    help: "Events appended to the stream.",
    registers,
  });
  const pushes = new Counter({
    name: "wekeza_events_pushes_total",
    help: "Pushes to webhooks, by what became of them.",
    labelNames: ["outcome"],
    registers,
  });
  const forgotten = new Counter({
    name: "wekeza_events_forgotten_total",
    help: "Events and pushes that were too old to be kept; untaken: news that no partner had taken.",
    labelNames: ["what"],
    registers,
  });
  const oldestWaiting = async (most: number): Promise<readonly { readonly at: Date }[]> => {
    const { rows } = await database.query<{ readonly at: Date }>(
      `select at from (
         (select at from notification where done_at is null order by at limit $1)
         union all
         (select at from webhook_notification where done_at is null order by at limit $1)
       ) n`,
      [most],
    );
    return rows;
  };
  new Gauge({
    name: "wekeza_events_waiting",
    help: `Notifications that wait for a partner, or for a webhook of its resource; at most ${COUNTED} of each are counted.`,
    registers,
    async collect() {
      this.set((await oldestWaiting(COUNTED)).length);
    },
  });
  new Gauge({
    name: "wekeza_events_waiting_oldest_seconds",
    help: "Age of the oldest of them.",
    registers,
    // Asked by itself: what the other one would set would be told by the next scrape.
    async collect() {
      const ages = (await oldestWaiting(1)).map(({ at }) => (clock().getTime() - at.getTime()) / 1_000);
      this.set(Math.max(0, ...ages));
    },
  });
  return {
    relayed: (source, events) => relayed.inc({ source }, events),
    published: (events) => published.inc(events),
    pushed: ({ outcome }) => pushes.inc({ outcome }),
    forgotten: (counts) => {
      for (const [what, rows] of Object.entries(counts)) forgotten.inc({ what }, Number(rows));
    },
  };
}
