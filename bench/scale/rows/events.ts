import { askedAt, CLIENTS, clientOf, consentOf, uuidOf, type Fill, type Size } from "../size.ts";

/** The webhook that every partner's resource declares. */
export const WEBHOOK = { name: "ledger", url: "https://partner.test/ledger" } as const;

/** The log of events, what of it partners were told, and what still waits: one in two hundred. */
export function eventsRows(size: Size): readonly Fill[] {
  const all = `generate_series(1, ${size.consents}) n`;
  const at = askedAt("n", size);
  const waits = "n % 400 = 1";
  // Of four partners, one of which keeps its webhook.
  const waitsAtWebhook = "n % 400 in (1, 17, 33, 49)";
  return [
    {
      table: "events.event",
      sql: `insert into events.event (position, id, source, at, type, subject, payload) overriding system value
        select (select coalesce(max(position), 0) from events.event) + n, ${uuidOf("event", "n")}, 'consent', ${at}, 'consent.requested',
          ${consentOf("n")}, jsonb_build_object('type', 'consent.requested', 'client', ${clientOf("n")}, 'consent', ${consentOf("n")})
        from ${all}`,
    },
    {
      table: "events.notification",
      sql: `insert into events.notification (jti, position, client, subject, type, resource, at, done_at, done_by, attempts, first_push_at,
          next_push_at)
        select ${uuidOf("event", "n")}, (select min(position) - 1 from events.event where id = ${uuidOf("event", "1")}) + n, ${clientOf("n")},
          ${consentOf("n")}, 'urn:uk:org:openbanking:events:consent-authorization-revoked', '{}', ${at},
          case when ${waits} then null else ${at} end, case when ${waits} then null else 'push' end, 1, ${at}, ${at}
        from ${all} where n % 2 = 1`,
    },
    {
      table: "events.subscription",
      sql: `insert into events.subscription (client, id, version, callback_url, event_types, created_at)
        select ${clientOf("n")}, 'scale-sub-' || n, '4.0', 'https://partner.test/events', null, $1::timestamptz - interval '2 years'
        from generate_series(0, ${CLIENTS - 1}) n`,
    },
    {
      table: "events.webhook",
      sql: `insert into events.webhook (receiver, client, name, callback_url)
        select ${clientOf("n")} || '/${WEBHOOK.name}', ${clientOf("n")}, '${WEBHOOK.name}', '${WEBHOOK.url}'
        from generate_series(0, ${CLIENTS - 1}) n`,
    },
    {
      table: "events.webhook_notification",
      sql: `insert into events.webhook_notification (jti, receiver, position, client, subject, type, resource, at, done_at, done_by,
          attempts, first_push_at, next_push_at)
        select ${uuidOf("event", "n")}, ${clientOf("n")} || '/${WEBHOOK.name}',
          (select min(position) - 1 from events.event where id = ${uuidOf("event", "1")}) + n, ${clientOf("n")}, ${consentOf("n")},
          'urn:uk:org:openbanking:events:consent-authorization-revoked', '{}', ${at},
          case when ${waitsAtWebhook} then null else ${at} end, case when ${waitsAtWebhook} then null else 'push' end, 1, ${at}, ${at}
        from ${all} where n % 8 = 1`,
    },
    {
      table: "events.delivery",
      sql: `insert into events.delivery (jti, client, at, url, attempt, outcome, status, duration_ms)
        select ${uuidOf("event", "n")}, ${clientOf("n")}, ${at}, 'https://partner.test/events', 1, 'Accepted', 202, 12
        from ${all} where n % 2 = 1`,
    },
  ];
}
