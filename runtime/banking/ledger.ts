import type { Queries } from "../service/postgres.ts";
import type { Account, CoreBank, Transaction, TransactionPage, TransactionQuery } from "./core-bank.ts";
import { passwordMatches, type PasswordHash } from "./credentials.ts";

/** The embedded core bank over the service's own schema; with `booking.ts` the only place that speaks SQL. */
export function createLedger(database: Queries): CoreBank {
  return {
    async login(username, password) {
      const { rows } = await database.query<PasswordHash & { readonly customer: string }>(
        "select customer, salt, hash, cost from credentials where username = $1",
        [username.toLowerCase()],
      );
      return (await passwordMatches(password, rows[0])) ? rows[0]?.customer : undefined;
    },
    async accountsOf(customer) {
      const { rows } = await database.query<AccountRow>(
        "select * from accounts where customer = $1 order by opened_at, id",
        [customer],
      );
      return rows.map(accountOfRow);
    },
    async exists(account) {
      const { count } = await database.query(
        "select 1 from accounts where id = $1 and customer is not null",
        [account],
      );
      return count > 0;
    },
    transactions: (query) => pageOf(database, query),
    async transaction(id, { accounts, from, to, credits, debits }) {
      if (!POSTING.test(id)) return undefined;
      const { rows } = await database.query<TransactionRow>(`${SELECT} where ${MATCHING} and p.id = $6`, [
        accounts,
        from,
        to,
        credits,
        debits,
        id,
      ]);
      return rows[0] && transactionOfRow(rows[0]);
    },
  };
}

/** What ids of transactions look like here. */
const POSTING = /^\d{1,18}$/;

/** Conditions of a query apart from whose the transactions are, and their values `$2` to `$5`. */
const WITHIN = "p.booked_at between $2 and $3 and ((p.amount > 0 and $4) or (p.amount < 0 and $5))";
/** All of them; `$1`: accounts. */
const MATCHING = `p.account = any ($1) and ${WITHIN}`;

/** How long what somebody has on a page is a place still though it has grown older than what she may see, in ms. */
const TURNING_MS = 86_400_000;

const SELECT = `select p.id, p.account, p.currency, p.amount, p.balance_after, p.booked_at, p.counterparty,
    e.reference, e.information, e.family, e.sub_family, e.merchant_category
  from postings p join entries e on e.id = p.entry`;

async function pageOf(queries: Queries, query: TransactionQuery): Promise<TransactionPage | undefined> {
  const { accounts, from, to, credits, debits, place, limit } = query;
  if (place !== undefined && !POSTING.test(place.beside)) return undefined;
  const matching = [accounts, from, to, credits, debits];
  const counted = await queries.query<{ total: string }>(
    `select count(*) as total from postings p where ${MATCHING}`,
    matching,
  );
  const total = Number(counted.rows[0]?.total ?? 0);
  const newerWards = place?.towards === "newer";
  const [order, comparison] = newerWards ? ["asc", ">"] : ["desc", "<"];
  // One row more than asked for tells whether the list goes on.
  const values: unknown[] = [...matching, limit + 1];
  let beside = "";
  if (place !== undefined) {
    // Not all months are looked into for a place.
    const since = new Date(from.getTime() - TURNING_MS);
    const found = await queries.query(
      "select 1 from postings where id = $1 and account = any ($2) and booked_at between $3 and $4",
      [place.beside, accounts, since, to],
    );
    if (found.count === 0) return undefined;
    values.push(place.beside, since);
    beside = `and (p.booked_at, p.id) ${comparison}
      (select booked_at, id from postings where id = $7 and booked_at between $8 and $3)`;
  }
  // Of each account as many as are asked for, in the order of its index; then the first of those, with their entries.
  const { rows } = await queries.query<TransactionRow>(
    `select p.*, e.reference, e.information, e.family, e.sub_family, e.merchant_category
     from (
       select p.* from unnest($1::text[]) as one (account), lateral (
         select id, entry, account, currency, amount, balance_after, booked_at, counterparty from postings p
         where p.account = one.account and ${WITHIN} ${beside} order by booked_at ${order}, id ${order} limit $6
       ) p order by booked_at ${order}, id ${order} limit $6
     ) p, lateral (select * from entries where id = p.entry offset 0) e
     order by p.booked_at ${order}, p.id ${order}`,
    values,
  );
  const page = rows.slice(0, limit).map(transactionOfRow);
  const more = rows.length > limit;
  return {
    transactions: newerWards ? page.toReversed() : page,
    older: newerWards || more,
    newer: newerWards ? more : place !== undefined,
    total,
  };
}

/** A row of `accounts`. */
export interface AccountRow {
  readonly id: string;
  readonly currency: string;
  readonly category: Account["category"];
  readonly type_code: string;
  readonly description: string;
  readonly nickname: string | null;
  readonly holder: string;
  readonly scheme: string;
  readonly identification: string;
  readonly status: Account["status"];
  readonly status_updated_at: Date;
  readonly opened_at: Date;
  readonly balance: string;
  readonly overdraft: string;
}

/** The account in a row. */
export function accountOfRow(row: AccountRow): Account {
  return {
    id: row.id,
    currency: row.currency,
    category: row.category,
    typeCode: row.type_code,
    description: row.description,
    nickname: row.nickname ?? undefined,
    holder: row.holder,
    scheme: row.scheme,
    identification: row.identification,
    status: row.status,
    statusUpdatedAt: row.status_updated_at,
    openedAt: row.opened_at,
    balance: BigInt(row.balance),
    overdraft: BigInt(row.overdraft),
  };
}

interface TransactionRow {
  readonly id: string;
  readonly account: string;
  readonly currency: string;
  readonly amount: string;
  readonly balance_after: string;
  readonly booked_at: Date;
  readonly counterparty: string | null;
  readonly reference: string;
  readonly information: string;
  readonly family: string;
  readonly sub_family: string;
  readonly merchant_category: string | null;
}

function transactionOfRow(row: TransactionRow): Transaction {
  return {
    id: row.id,
    account: row.account,
    currency: row.currency,
    amount: BigInt(row.amount),
    balanceAfter: BigInt(row.balance_after),
    bookedAt: row.booked_at,
    counterparty: row.counterparty ?? undefined,
    reference: row.reference,
    information: row.information,
    family: row.family,
    subFamily: row.sub_family,
    merchantCategory: row.merchant_category ?? undefined,
  };
}
