import type { Database } from "../service/postgres.ts";
import type { Subscription } from "./subscription.ts";

/** Partners' subscriptions, one each. */
export interface SubscriptionStore {
  of(client: string): Promise<Subscription | undefined>;
  /** @returns false when the partner has one already. */
  add(subscription: Subscription): Promise<boolean>;
  /** Changes a partner's subscription and closes the breaker of its receiver. @returns false when it has none of that id. */
  change(subscription: Omit<Subscription, "createdAt">): Promise<boolean>;
  /** @returns false when the partner has none of that id. */
  remove(client: string, id: string): Promise<boolean>;
}

interface SubscriptionRow {
  readonly client: string;
  readonly id: string;
  readonly version: string;
  readonly callback_url: string | null;
  readonly event_types: readonly string[] | null;
  readonly created_at: Date;
}

/** The store over the service's own schema. */
export function createSubscriptionStore(database: Database): SubscriptionStore {
  return {
    async of(client) {
      const { rows } = await database.query<SubscriptionRow>("select * from subscription where client = $1", [
        client,
      ]);
      return rows[0] && subscriptionOf(rows[0]);
    },
    async add({ client, id, version, callbackUrl, eventTypes, createdAt }) {
      const { count } = await database.query(
        `insert into subscription (client, id, version, callback_url, event_types, created_at)
         values ($1, $2, $3, $4, $5, $6) on conflict (client) do nothing`,
        [client, id, version, callbackUrl, eventTypes, createdAt],
      );
      return count === 1;
    },
    async change({ client, id, version, callbackUrl, eventTypes }) {
      const { count } = await database.query(
        `update subscription set version = $3, callback_url = $4, event_types = $5, failures = 0, open_until = null
         where client = $1 and id = $2`,
        [client, id, version, callbackUrl, eventTypes],
      );
      return count === 1;
    },
    async remove(client, id) {
      const { count } = await database.query("delete from subscription where client = $1 and id = $2", [
        client,
        id,
      ]);
      return count === 1;
    },
  };
}

function subscriptionOf(row: SubscriptionRow): Subscription {
  return {
    client: row.client,
    id: row.id,
    version: row.version,
    callbackUrl: row.callback_url ?? undefined,
    eventTypes: row.event_types ?? undefined,
    createdAt: row.created_at,
  };
}
