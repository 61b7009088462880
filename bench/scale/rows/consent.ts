import {
  accountOf,
  askedAt,
  clientOf,
  consentOf,
  customerOf,
  lastDay,
  ownerOf,
  uuidOf,
  type Fill,
  type Size,
} from "../size.ts";

/** Of the nth consent: of ten, six are for account access, three for a payment, one recurs or is for funds. */
const KIND = `case when n % 10 < 6 then 'account-access' when n % 10 < 9 then 'domestic-payment'
  when n % 100 = 99 then 'funds-confirmation' else 'domestic-vrp' end`;
/** Its age in tens, by which its state is chosen. */
const TURN = "(n / 10) % 10";
/** The nth consent is for a payment that was made. */
export const PAID = `n % 10 between 6 and 8 and ${TURN} between 2 and 8`;
/** The nth consent lasts and lives. */
const LASTS = `(n % 10 < 6 or n % 10 = 9) and ${TURN} between 1 and 4`;
const ENDED = `(n % 10 < 6 or n % 10 = 9) and ${TURN} between 5 and 8`;

const STATE = `case when ${TURN} = 0 then 'AWAU' when ${TURN} = 9 then 'RJCT' when ${PAID} then 'COND'
  when ${ENDED} then case when ${TURN} = 8 then 'EXPD' else 'CANC' end else 'AUTH' end`;

/** Consents of all kinds and states, and all that comes with them. */
export function consentRows(size: Size): readonly Fill[] {
  const all = `generate_series(1, ${size.consents}) n`;
  const owner = ownerOf("n", size);
  const at = askedAt("n", size);
  const today = "($1::timestamptz at time zone 'UTC')::date";
  const event = `jsonb_build_object('type', 'consent.requested', 'client', ${clientOf("n")}, 'consent', ${consentOf("n")}, 'kind', ${KIND})`;
  return [
    {
      table: "consent.consents",
      sql: `insert into consent.consents (id, client_id, kind, state, permissions, request, request_hash, risk, created_at,
          state_updated_at, expires_at, ends_at, policy, customer, accounts, debtor_account, grant_id, sca, shown, ended_by)
        select ${consentOf("n")}, ${clientOf("n")}, kind, state,
          case kind when 'account-access' then array['ReadAccountsDetail', 'ReadBalances', 'ReadTransactionsDetail', 'ReadTransactionsCredits', 'ReadTransactionsDebits'] else '{}' end,
          case kind
            when 'account-access' then '{"Permissions": ["ReadAccountsDetail", "ReadBalances", "ReadTransactionsDetail"]}'
            when 'domestic-vrp' then '{"Initiation": {}, "ControlParameters": {"MaximumIndividualAmount": {"Amount": "100.00", "Currency": "KES"}, "PeriodicLimits": [{"Amount": "1000.00", "Currency": "KES", "PeriodType": "Month", "PeriodAlignment": "Calendar"}]}}'
            else '{"Initiation": {"InstructedAmount": {"Amount": "12.00", "Currency": "KES"}}}' end::jsonb,
          encode(sha256(n::text::bytea), 'hex'), '{}', asked, asked, asked + interval '2 years',
          case state when 'AWAU' then $1::timestamptz + interval '1 hour' when 'AUTH' then $1::timestamptz + (1 + n % 180) * interval '1 day' else asked end,
          jsonb_build_object('name', 'ke-standard', 'hash', md5('policy'), 'text', repeat('policy ', 40), 'unattendedPerDay', 4, 'reauthenticationDays', 180, 'historyDays', 90),
          case when agreed then ${customerOf("owner")} end, case when agreed then array[${accountOf("owner")}] end,
          case when agreed and kind <> 'account-access' then '{"SchemeName": "UK.OBIE.BBAN", "Identification": "1", "Name": "Customer"}'::jsonb end,
          case when agreed then 'scale-grant-' || n end, case when agreed then '{"method": "otp", "at": "2026-01-01T00:00:00Z"}'::jsonb end,
          case when agreed then repeat('You agree. ', 20) end,
          case state when 'COND' then 'use' when 'RJCT' then 'reject' when 'CANC' then 'withdraw' when 'EXPD' then 'expire' end
        from (select n, ${owner} as owner, ${KIND} as kind, ${STATE} as state, ${TURN} between 1 and 8 as agreed, ${at} as asked from ${all}) c`,
    },
    {
      table: "consent.ages",
      sql: `insert into consent.ages (consent, look_at)
        select ${consentOf("n")}, ${at} + interval '5 years' from ${all} where ${STATE} in ('COND', 'RJCT', 'CANC', 'EXPD')`,
    },
    {
      table: "consent.uses",
      sql: `insert into consent.uses (payment, consent, at, amount)
        select 'scale-pay-' || n, ${consentOf("n")}, ${at}, null from ${all} where ${PAID}
        union all
        select 'scale-vrp-' || n || '-' || u, ${consentOf("n")}, $1::timestamptz - u * interval '3 days', 10.00
        from ${all}, generate_series(1, 12) u where n % 10 = 9 and n % 100 <> 99 and ${TURN} between 1 and 4`,
    },
    {
      table: "consent.revocations",
      sql: `insert into consent.revocations (consent, at) select ${consentOf("n")}, ${at} from ${all} where ${ENDED} order by n`,
    },
    {
      table: "consent.unattended_calls",
      sql: `insert into consent.unattended_calls (consent, resource, day, calls)
        select ${consentOf("n")}, resource, ${today} - back, 1 + n % 3
        from ${all}, generate_series(0, 1) back, unnest(array['/accounts', '/balances']) resource
        where n % 10 < 2 and ${LASTS}`,
    },
    {
      table: "consent.idempotency_keys",
      sql: `insert into consent.idempotency_keys (client_id, path, key, body_hash, resource, claimed_at, expires_at)
        select ${clientOf("n")}, '/open-banking/v4.0/pisp/domestic-payment-consents', ${uuidOf("key", "n")}::text,
          sha256(n::text::bytea), ${consentOf("n")}, claimed, claimed + interval '1 day'
        from (select n, ${lastDay("n")} as claimed from ${all} where n % 10 = 7) keys`,
    },
    {
      table: "consent.outbox",
      sql: `insert into consent.outbox (at, type, subject, payload)
        select $1, 'consent.requested', ${consentOf("n")}, ${event} from generate_series(1, ${Math.ceil(size.consents / 50)}) n`,
    },
    {
      table: "consent.audit_leaf",
      sql: `insert into consent.audit_leaf (at, subject, leaf, hash)
        select asked, subject, leaf, sha256('\\x00'::bytea || convert_to(leaf, 'UTF8'))
        from (select n, ${at} as asked, ${consentOf("n")} as subject, ${event}::text as leaf from ${all}) l`,
    },
  ];
}
