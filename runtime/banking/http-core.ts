import { Type, type Static } from "typebox";
import { Compile } from "typebox/compile";
import type { Log } from "../service/logger.ts";
import type { Upstream, UpstreamRequest } from "../service/mtls-client.ts";
import {
  CoreUnavailable,
  type Account,
  type CoreBank,
  type Transaction,
  type TransactionQuery,
} from "./core-bank.ts";

/** Longest the core may take, in ms: half of what the gateway waits for us, as some answers ask twice. */
const PATIENCE_MS = 4_000;

const text = Type.String({ minLength: 1 });
const currency = Type.String({ pattern: "^[A-Z]{3}$" });
const amount = Type.String({ pattern: "^-?\\d{1,18}$" });
const unsigned = Type.String({ pattern: "^\\d{1,18}$" });
const time = Type.String({ format: "date-time" });

const AccountSaid = Type.Object({
  id: text,
  currency,
  category: Type.Enum(["Personal", "Business"], { type: "string" }),
  typeCode: Type.String({ pattern: "^[A-Z]{4}$" }),
  description: text,
  nickname: Type.Optional(text),
  holder: text,
  scheme: text,
  identification: text,
  status: Type.Enum(["Enabled", "Disabled", "Pending"], { type: "string" }),
  statusUpdatedAt: time,
  openedAt: time,
  balance: amount,
  overdraft: unsigned,
});
const TransactionSaid = Type.Object({
  id: Type.String({ pattern: "^[\\w.:-]{1,64}$" }),
  account: text,
  currency,
  amount,
  balanceAfter: amount,
  bookedAt: time,
  reference: Type.String(),
  information: Type.String(),
  family: text,
  subFamily: text,
  merchantCategory: Type.Optional(text),
  counterparty: Type.Optional(text),
});

const login = Compile(Type.Object({ customer: Type.Optional(text) }));
const accountList = Compile(Type.Object({ accounts: Type.Array(AccountSaid) }));
const existence = Compile(Type.Object({ exists: Type.Boolean() }));
const single = Compile(Type.Object({ transaction: Type.Optional(TransactionSaid) }));
const page = Compile(
  Type.Object({
    transactions: Type.Array(TransactionSaid),
    older: Type.Boolean(),
    newer: Type.Boolean(),
    total: Type.Integer({ minimum: 0 }),
  }),
);

type Among = Omit<TransactionQuery, "place" | "limit">;

/** Knows an answer by its shape. */
interface Shape<Said> {
  Check(value: unknown): value is Said;
}

/**
 * What a core of the bank's own knows, by its contract (docs/contracts/wekeza-core.v1.yaml).
 *
 * @param patienceMs how long an answer may take.
 */
export function httpCore(upstream: Upstream, log: Log, patienceMs: number = PATIENCE_MS): CoreBank {
  const unavailable = (fields: object, cause?: unknown): CoreUnavailable => {
    log.warn(fields, "the core gave no answer");
    return new CoreUnavailable(cause === undefined ? undefined : { cause });
  };
  /** @returns undefined for a status that the contract names beside 200. */
  const ask = async <Said>(
    request: UpstreamRequest,
    answer: Shape<Said>,
    other?: number,
  ): Promise<Said | undefined> => {
    // What is asked for, not about whom.
    const operation = `${request.method} ${request.path.split(/[/?]/, 3).join("/")}`;
    const { status, value } = await upstream
      .request({ deadlineMs: patienceMs, ...request })
      .then((said) => ({ status: said.status, value: said.status === 200 ? said.json() : undefined }))
      .catch((error: unknown) => {
        throw unavailable({ err: error, operation }, error);
      });
    if (answer.Check(value)) return value;
    if (status === other) return undefined;
    throw unavailable({ status, operation });
  };
  const got = async <Said>(request: UpstreamRequest, answer: Shape<Said>): Promise<Said> =>
    (await ask(request, answer)) as Said;

  return {
    async login(username, password) {
      const body = { json: { username, password } };
      return (await got({ method: "POST", path: "/v1/logins", body }, login)).customer;
    },
    async accountsOf(customer) {
      const path = `/v1/customers/${encodeURIComponent(customer)}/accounts`;
      return (await got({ method: "GET", path }, accountList)).accounts.map(accountSaid);
    },
    async exists(account) {
      const path = `/v1/accounts/${encodeURIComponent(account)}`;
      return (await got({ method: "GET", path }, existence)).exists;
    },
    async transactions({ place, limit, ...among }) {
      const query = queryOf(among);
      query.set("limit", String(limit));
      if (place !== undefined) {
        query.set("towards", place.towards);
        query.set("beside", place.beside);
      }
      const found = await ask({ method: "GET", path: `/v1/transactions?${query.toString()}` }, page, 422);
      return found && { ...found, transactions: asked(found.transactions, among) };
    },
    async transaction(id, among) {
      const path = `/v1/transactions/${encodeURIComponent(id)}?${queryOf(among).toString()}`;
      const { transaction } = await got({ method: "GET", path }, single);
      return transaction && asked([transaction], among)[0];
    },
  };

  /** Makes sure that no transactions but those that were asked about go any further: no others were consented to. */
  function asked(said: readonly Static<typeof TransactionSaid>[], among: Among): readonly Transaction[] {
    const transactions = said.map(transactionSaid);
    const other = transactions.find((each) => !isAmong(each, among));
    if (other === undefined) return transactions;
    const { id, account } = other;
    throw unavailable({ id, account, operation: "transactions nobody asked about" });
  }
}

function isAmong(
  { account, bookedAt, amount }: Transaction,
  { accounts, from, to, credits, debits }: Among,
): boolean {
  const wanted = amount > 0n ? credits : amount < 0n ? debits : credits || debits;
  return wanted && accounts.includes(account) && bookedAt >= from && bookedAt <= to;
}

function queryOf({ accounts, from, to, credits, debits }: Among): URLSearchParams {
  return new URLSearchParams([
    ...accounts.map((account): [string, string] => ["account", account]),
    ["from", from.toISOString()],
    ["to", to.toISOString()],
    ["credits", String(credits)],
    ["debits", String(debits)],
  ]);
}

function accountSaid({ nickname, ...said }: Static<typeof AccountSaid>): Account {
  return {
    ...said,
    nickname,
    statusUpdatedAt: new Date(said.statusUpdatedAt),
    openedAt: new Date(said.openedAt),
    balance: BigInt(said.balance),
    overdraft: BigInt(said.overdraft),
  };
}

function transactionSaid({
  merchantCategory,
  counterparty,
  ...said
}: Static<typeof TransactionSaid>): Transaction {
  return {
    ...said,
    merchantCategory,
    counterparty,
    amount: BigInt(said.amount),
    balanceAfter: BigInt(said.balanceAfter),
    bookedAt: new Date(said.bookedAt),
  };
}
