import {
  accountOf,
  askedAt,
  BUSY,
  BUSY_ENTRIES,
  clientOf,
  consentOf,
  CUSTOMER_PREFIX,
  customerOf,
  lastDay,
  ownerOf,
  uuidOf,
  type Fill,
  type Size,
} from "../size.ts";
import { PAID } from "./consent.ts";

/** Entry of the nth customer, `e` counting hers: where the amount of both sides comes from. */
const amount = (e: string | number): string => `(100 + (n * 7 + ${e} * 13) % 9000)`;
const AMOUNT = amount("e");
/** The bank's side of what comes and goes, one of many so that no account is everybody's. */
const OTHER_SIDE = "'outgoing-KES-' || n % 16";

/** Entries of the nth customer's first account. */
function countOf({ entries }: Size): string {
  return `(case when n <= ${BUSY} then ${BUSY_ENTRIES} else ${entries} end)`;
}

/** Every entry of every customer. */
function entriesOf({ customers, entries }: Size): string {
  return `(
    select n, e from generate_series(1, ${BUSY}) n, generate_series(1, ${BUSY_ENTRIES}) e
    union all select n, e from generate_series(${BUSY + 1}, ${customers}) n, generate_series(1, ${entries}) e) of_all`;
}

/** Customers, and how they log in. */
export function customerRows({ customers }: Size): readonly Fill[] {
  const people = `generate_series(1, ${customers}) n`;
  return [
    {
      table: "banking.customers",
      sql: `insert into banking.customers (id, name, created_at)
        select ${customerOf("n")}, 'Customer ' || n, $1::timestamptz - interval '3 years' from ${people}`,
    },
    {
      table: "banking.credentials",
      sql: `insert into banking.credentials (username, customer, salt, hash, cost)
        select 'scale-' || n, ${customerOf("n")}, decode(md5(n::text), 'hex'), sha256(n::text::bytea), 16384 from ${people}`,
    },
  ];
}

/** Their accounts, two for each, which hold what {@link postingRows} books. */
export function accountRows(size: Size): readonly Fill[] {
  const people = `generate_series(1, ${size.customers}) n`;
  const sum = Array.from({ length: size.entries }, (_none, e) => amount(e + 1)).join(" + ");
  return [
    {
      table: "banking.accounts",
      sql: `insert into banking.accounts (id, customer, currency, category, type_code, description, nickname, holder, scheme,
          identification, status, status_updated_at, opened_at, balance)
        select 'scale-acc-' || n || '-' || nth, ${customerOf("n")}, 'KES', 'Personal', case nth when 1 then 'CACC' else 'SVGS' end,
          case nth when 1 then 'Current account' else 'Savings account' end, 'Everyday', 'Customer ' || n, 'UK.OBIE.BBAN',
          'SCALE' || n || nth, 'Enabled', $1, $1::timestamptz - interval '3 years',
          case when nth = 2 then 0 when n <= ${BUSY} then (select sum(${AMOUNT}) from generate_series(1, ${BUSY_ENTRIES}) e) else ${sum} end
        from ${people}, generate_series(1, 2) nth`,
    },
    {
      table: "banking.accounts",
      sql: `update banking.accounts a set balance = a.balance + moved
        from (select ${OTHER_SIDE} as id, - sum${AMOUNT} as moved from ${entriesOf(size)} group by 1) side where a.id = side.id`,
    },
  ];
}

/**
 * Entries of all customers in order of time, so that what happened on one account lies as far apart on the disk as it
 * would: half a year, the first entry the last, each customer at days of her own. `number` is the same for an entry and its
 * two sides.
 */
function numbered(size: Size, columns = ""): string {
  const booked = `$1::timestamptz - (e - 1 + (1 + n * 13 % 97) / 98::float8) * interval '180 days' / ${countOf(size)}`;
  return `(select *, row_number() over (order by booked_at, n) as number
    from (select n, e, ${booked} as booked_at${columns} from ${entriesOf(size)}) one) life`;
}

/** What happened on their accounts. @param first SQL of the number that is the last one before. */
export function postingRows(size: Size, first: string): readonly Fill[] {
  const balance = `, sum${AMOUNT} over (partition by n order by e desc) as balance`;
  return [
    {
      table: "banking.postings",
      sql: `insert into banking.postings (entry, account, currency, amount, booked_at, balance_after, counterparty)
        select ${first} + number, case side when 1 then ${accountOf("n")} else ${OTHER_SIDE} end, 'KES', side * ${AMOUNT},
          booked_at, case side when 1 then balance else 0 end, 'Jamii Supermarket'
        from ${numbered(size, balance)}, unnest(array[1, -1]) side`,
    },
  ];
}

/** The same as the books have it, and the payments that used a consent. */
export function bookRows(size: Size, first: string): readonly Fill[] {
  const { consents } = size;
  const owner = ownerOf("n", size);
  const paid = `generate_series(1, ${consents}) n where ${PAID}`;
  const creditor = "lpad((1 + n % 5)::text, 10, '0')";
  const at = askedAt("n", size);
  return [
    {
      table: "banking.entries",
      sql: `insert into banking.entries (id, reference, booked_at, information, family, sub_family, merchant_category)
        overriding system value
        select ${first} + number, 'scale-' || n || '-' || e, booked_at, 'Card purchase Jamii Supermarket', 'CCRD', 'POSD', '5411'
        from ${numbered(size)}`,
    },
    {
      table: "banking.payments",
      sql: `insert into banking.payments (id, kind, client_id, consent, customer, account, initiation, risk, status, created_at,
          status_at, next_at)
        select 'scale-pay-' || n, 'domestic-payment', ${clientOf("n")}, ${consentOf("n")}, ${customerOf(`(${owner})`)},
          ${accountOf(`(${owner})`)}, jsonb_build_object('InstructedAmount', jsonb_build_object('Amount', '12.00', 'Currency', 'KES')),
          '{}', 'ACCC', ${at}, ${at}, null from ${paid}`,
    },
    {
      table: "banking.transfers",
      sql: `insert into banking.transfers (id, payment, account, amount, currency, credit_amount, credit_currency, creditor_scheme,
          creditor_identification, creditor_name, reference, end_to_end, status, at, status_at)
        select 'scale-pay-' || n, 'scale-pay-' || n, ${accountOf(`(${owner})`)}, 1200, 'KES', 1200, 'KES', 'UK.OBIE.BBAN', ${creditor},
          'Payee', 'Invoice', 'e2e', 'ACCC', ${at}, ${at} from ${paid}`,
    },
    {
      table: "banking.outgoing",
      sql: `insert into banking.outgoing (transfer, message, next_at, tries, answered_at)
        select 'scale-pay-' || n, '{"debtor": {"scheme": "UK.OBIE.BBAN", "identification": "1", "name": "Customer"}}',
          ${at}, 1, ${at} + interval '1 minute' from ${paid}`,
    },
    {
      table: "banking.idempotency_keys",
      sql: `insert into banking.idempotency_keys (client_id, path, key, body_hash, resource, claimed_at, expires_at)
        select ${clientOf("n")}, '/open-banking/v4.0/pisp/domestic-payments', ${uuidOf("key", "n")}::text, sha256(n::text::bytea),
          'scale-pay-' || n, claimed, claimed + interval '1 day'
        from (select n, ${lastDay("n")} as claimed from ${paid} and n % 10 = 7) keys`,
    },
    {
      table: "banking.outbox",
      sql: `insert into banking.outbox (at, type, subject, payload)
        select $1, 'payment.updated', 'scale-pay-' || n, jsonb_build_object('type', 'payment.updated', 'client', ${clientOf("n")},
          'payment', 'scale-pay-' || n) from generate_series(1, ${Math.ceil(consents / 50)}) n`,
    },
    {
      table: "banking.funds_confirmations",
      sql: `insert into banking.funds_confirmations (id, consent, reference, at)
        select 'scale-fc-' || n, ${consentOf("n")}, 'ref', $1 from generate_series(1, ${consents}) n where n % 100 = 99`,
    },
  ];
}

/** SQL of the number of the last entry that is there. */
export const LAST_ENTRY = "(select coalesce(max(id), 0) from banking.entries)";

/** How many of a bank's customers were made up here, and how many were not. */
export const OTHER_CUSTOMERS = `select count(*) filter (where id like '${CUSTOMER_PREFIX}%')::int as ours,
  count(*) filter (where id not like '${CUSTOMER_PREFIX}%')::int as others from banking.customers`;
