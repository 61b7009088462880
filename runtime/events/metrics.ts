import { Counter, Gauge, type Registry } from "prom-client";
import type { Queries } from "../service/postgres.ts";
import type { Forgotten } from "./retention.ts";
import type { PushResult } from "./webhook/push.ts";

/** What the events service counts. */
export interface EventsMetrics {
  relayed(source: string, events: number): void;
  published(events: number): void;
  pushed(result: PushResult): void;
  forgotten(forgotten: Forgotten): void;
}

interface Waiting {
  readonly waiting: number;
  readonly oldest: number;
}

/**
 * Registers `wekeza_events_relayed_total` (source), `wekeza_events_published_total`, `wekeza_events_pushes_total` (outcome),
 * `wekeza_events_forgotten_total` (what: events, untaken, pushes),
 * and, read from the database
 * when asked, `wekeza_events_waiting` and `wekeza_events_waiting_oldest_seconds`: notifications that wait for a partner, or for one of
 * the webhooks of its resource.
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
  const waiting = new Gauge({
    name: "wekeza_events_waiting",
    help: "Notifications that wait for a partner, or for a webhook of its resource.",
    registers,
    async collect() {
      const { rows } = await database.query<Waiting>(
        `select count(*)::int as waiting, coalesce(extract(epoch from $1 - min(at)), 0)::float8 as oldest
         from (
           select at from notification where done_at is null
           union all
           select at from webhook_notification where done_at is null
         ) n`,
        [clock()],
      );
      waiting.set(rows[0]?.waiting ?? 0);
      oldest.set(rows[0]?.oldest ?? 0);
    },
  });
  const oldest = new Gauge({
    name: "wekeza_events_waiting_oldest_seconds",
    help: "Age of the oldest of them.",
    registers,
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
