import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createLog } from "../service/logger.ts";
import { contract } from "../service/testing/contract.ts";
import type { CoreBank, Transaction, TransactionQuery } from "./core-bank.ts";
import { httpCore } from "./http-core.ts";
import type { Booking, Bookings } from "./payments/bookings.ts";
import { httpBookings } from "./payments/http-ports.ts";
import { NOW, startBank, type TestBank } from "./testing/bank.ts";
import { startCoreServer, type CoreServer } from "./testing/core-server.ts";
import { paying } from "./testing/paying.ts";
import { ledgerBookings } from "./testing/small-core.ts";

const log = createLog("test", { level: "silent" });
let bank: TestBank;
let server: CoreServer;
let embedded: Bookings;
let home: ReturnType<TestBank["home"]>;
beforeAll(async () => {
  bank = await startBank();
  embedded = await ledgerBookings(bank);
  server = await startCoreServer(bank, embedded);
  home = bank.home("wanjiru");
});
afterEach(async () => {
  server.breakWith(undefined);
  expect(await paying(bank).unconserved()).toEqual([]);
});
afterAll(async () => {
  await server.stop();
  await bank.stop();
});

const cores: readonly [string, () => CoreBank][] = [
  ["embedded", () => bank.bank],
  ["over HTTP", () => httpCore(server.upstream, log)],
];
const booking: readonly [string, () => Bookings][] = [
  ["embedded", () => embedded],
  ["over HTTP", () => httpBookings(server.upstream)],
];

const query = (fields: Partial<TransactionQuery> = {}): TransactionQuery => ({
  accounts: home.accounts,
  from: new Date(NOW.getTime() - 90 * 86_400_000),
  to: NOW,
  credits: true,
  debits: true,
  limit: 7,
  ...fields,
});

describe.each(cores)("a core %s", (_name, core) => {
  test("knows a customer by her credentials, and nobody else", async () => {
    expect(await core().login("Wanjiru", "sandbox-wanjiru")).toBe(home.customer);
    expect(await core().login("wanjiru", "sandbox-amina")).toBeUndefined();
    expect(await core().login("nobody", "sandbox-nobody")).toBeUndefined();
  });

  test("tells a customer's accounts as they stand, and whether an account is there", async () => {
    const accounts = await core().accountsOf(home.customer);
    expect(accounts).toEqual(await bank.bank.accountsOf(home.customer));
    expect(accounts.map(({ id }) => id).toSorted()).toEqual(home.accounts.toSorted());
    expect(await core().accountsOf("nobody/../x")).toEqual([]);
    expect(await core().exists(home.accounts[0] ?? "")).toBe(true);
    expect(await core().exists("outgoing-KES-0")).toBe(false);
  });

  test("turns the pages of transactions to the oldest and back", async () => {
    const seen: Transaction[] = [];
    let page = await core().transactions(query());
    const { total } = page ?? { total: 0 };
    for (; page !== undefined;) {
      seen.push(...page.transactions);
      const beside = page.transactions.at(-1)?.id;
      if (!page.older || beside === undefined) break;
      page = await core().transactions(query({ place: { towards: "older", beside } }));
    }
    expect(seen).toHaveLength(total);
    expect(seen).toEqual((await bank.bank.transactions(query({ limit: 1_000 })))?.transactions);
    const back = await core().transactions(
      query({ place: { towards: "newer", beside: seen[9]?.id ?? "" }, limit: 5 }),
    );
    expect(back).toMatchObject({ transactions: seen.slice(4, 9), newer: true, older: true });
  });

  test("begins beside no transaction but one of these accounts", async () => {
    const other = await core().transactions(query({ accounts: bank.home("amina").accounts }));
    for (const beside of [other?.transactions[0]?.id ?? "", "999999999", "no.number"]) {
      expect(await core().transactions(query({ place: { towards: "older", beside } }))).toBeUndefined();
    }
  });

  test("tells one transaction, if it is among those asked about", async () => {
    const [first] = (await core().transactions(query()))?.transactions ?? [];
    const id = first?.id ?? "";
    expect(await core().transaction(id, query())).toEqual(first);
    expect(await core().transaction(id, query({ accounts: bank.home("amina").accounts }))).toBeUndefined();
    expect(await core().transaction(id, query({ credits: false, debits: false }))).toBeUndefined();
    expect(await core().transaction("no.number", query())).toBeUndefined();
  });
});

const balanceOf = async (username = "wanjiru"): Promise<bigint> =>
  (await paying(bank).accountOf(username)).balance;
const money = (fields: Partial<Booking> = {}): Booking => ({
  id: `dp-${randomUUID()}`,
  epoch: 5,
  payment: "dp-1",
  account: home.accounts[0] ?? "",
  amount: 1_250n,
  currency: "KES",
  creditAmount: 1_250n,
  creditCurrency: "KES",
  creditor: { scheme: "UK.OBIE.IBAN", identification: "DE75512108001245126199", name: "Kamau Stores" },
  reference: "Invoice 7",
  endToEnd: "e2e-1",
  ...fields,
});

describe.each(booking)("bookings %s", (_name, core) => {
  test("set money aside for another bank once, however often they are asked for", async () => {
    const [before, asked] = [await balanceOf(), money()];
    const answers = await Promise.all(Array.from({ length: 5 }, () => core().book(asked)));
    expect(answers).toEqual(answers.map(() => ({ status: "ACSP" })));
    expect(await balanceOf()).toBe(before - 1_250n);
  });

  test("bring money to an account of this bank at once", async () => {
    const before = await balanceOf("amina");
    const { scheme, identification, holder: name } = await paying(bank).accountOf("amina");
    expect(await core().book(money({ creditor: { scheme, identification, name } }))).toEqual({
      status: "ACCC",
    });
    expect(await balanceOf("amina")).toBe(before + 1_250n);
  });

  test("exchange at the sums they are given", async () => {
    const before = await balanceOf();
    expect(await core().book(money({ amount: 14_000n, creditAmount: 100n, creditCurrency: "EUR" }))).toEqual({
      status: "ACSP",
    });
    expect(await balanceOf()).toBe(before - 14_000n);
  });

  test("are refused with a reason, and stay refused when there is money later", async () => {
    const before = await balanceOf();
    const asked = money({ amount: before + 10n ** 9n, creditAmount: 1n });
    expect(await core().book(asked)).toEqual({ status: "RJCT", reason: "AM04" });
    expect(await core().book({ ...asked, amount: 1n })).toEqual({ status: "RJCT", reason: "AM04" });
    expect(await core().book(money({ account: "gone" }))).toEqual({ status: "RJCT", reason: "AC05" });
    expect(await balanceOf()).toBe(before);
  });

  test("are given back once", async () => {
    const [before, asked] = [await balanceOf(), money()];
    await core().book(asked);
    const back = { id: asked.id, epoch: asked.epoch, reason: "AC04" } as const;
    await Promise.all([core().giveBack(back), core().giveBack(back), core().giveBack(back)]);
    expect(await balanceOf()).toBe(before);
    expect(await core().book(asked)).toEqual({ status: "ACSP" });
    expect(await balanceOf()).toBe(before);
  });

  test("of an epoch that is over are not made, nor given back", async () => {
    const [before, asked] = [await balanceOf(), money()];
    await expect(core().book({ ...asked, epoch: 4 })).rejects.toThrow(/epoch/i);
    expect(await balanceOf()).toBe(before);
    await core().book(asked);
    await expect(core().giveBack({ id: asked.id, epoch: 4, reason: "AC04" })).rejects.toThrow(/epoch/i);
    expect(await balanceOf()).toBe(before - 1_250n);
  });

  test("that were never made are not given back", async () => {
    await expect(core().giveBack({ id: "dp-none", epoch: 5, reason: "AC04" })).rejects.toThrow("dp-none");
  });
});

test("a core that says nothing is not waited for", async () => {
  server.breakWith("silent");
  const read = httpCore(server.upstream, log, 200).accountsOf(home.customer);
  await expect(read).rejects.toMatchObject({ code: "CoreUnavailable", status: 503 });
});

const ACCOUNT = { id: "a", currency: "KES" };
test.each([
  { what: "an error", fault: { status: 500, body: {} } },
  { what: "the refusal of a proxy in between", fault: { status: 404, body: { message: "no route" } } },
  { what: "no accounts by the contract", fault: { status: 200, body: { accounts: [ACCOUNT] } } },
  { what: "nothing that is JSON", fault: { status: 200, body: "<html>" } },
])("$what is no answer: nothing is known, nothing is there or not there", async ({ fault }) => {
  const core = httpCore(server.upstream, log);
  server.breakWith(fault);
  const reads = [
    core.accountsOf(home.customer),
    core.transactions(query()),
    core.exists(home.accounts[0] ?? ""),
  ];
  for (const read of await Promise.allSettled(reads)) {
    expect(read).toMatchObject({ status: "rejected", reason: { code: "CoreUnavailable", status: 503 } });
  }
  await expect(httpBookings(server.upstream).book(money())).rejects.toThrow(/booking dp-|JSON/);
});

const account = "acc-asked-about";
test.each([
  { what: "of an account", asked: {}, said: { account: "another" } },
  { what: "before the period", asked: {}, said: { bookedAt: "2001-01-01T00:00:00Z" } },
  { what: "after the period", asked: {}, said: { bookedAt: "2101-01-01T00:00:00Z" } },
  { what: "that came in", asked: { credits: false }, said: { amount: "1" } },
  { what: "that went out", asked: { debits: false }, said: { amount: "-1" } },
])("transactions $what that nobody asked about go no further", async ({ asked, said }) => {
  const transaction = {
    id: "1",
    account,
    currency: "KES",
    amount: asked.credits === false ? "-1" : "1",
    balanceAfter: "1",
    bookedAt: NOW.toISOString(),
    reference: "",
    information: "",
    family: "IRCT",
    subFamily: "BOOK",
  };
  const core = httpCore(server.upstream, log);
  const among = query({ accounts: [account], ...asked });
  const answers = (each: object) =>
    server.breakWith({
      status: 200,
      body: { transactions: [each], older: false, newer: false, total: 1, transaction: each },
    });
  answers(transaction);
  expect((await core.transactions(among))?.transactions).toHaveLength(1);
  expect(await core.transaction("1", among)).toMatchObject({ id: "1" });
  answers({ ...transaction, ...said });
  await expect(core.transactions(among)).rejects.toThrow("cannot be read now");
  await expect(core.transaction("1", among)).rejects.toThrow("cannot be read now");
});

test("both sides kept wekeza-core.v1.yaml, in every operation", () => {
  const faults = contract("wekeza-core.v1.yaml");
  expect(server.exchanges.flatMap(faults)).toEqual([]);
  const paths = server.exchanges.map(({ method, path }) => `${method} ${path.split("/", 3).join("/")}`);
  expect(new Set(paths)).toEqual(
    new Set([
      "POST /v1/logins",
      "GET /v1/customers",
      "GET /v1/accounts",
      "GET /v1/transactions",
      "PUT /v1/bookings",
    ]),
  );
  const put = server.exchanges.find(({ method }) => method === "PUT");
  expect(put && faults({ ...put, request: {}, response: {} })).not.toEqual([]);
});
