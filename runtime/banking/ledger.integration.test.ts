import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asSuperuser } from "../database/bootstrap.ts";
import { asRole } from "../database/testing/stack-database.ts";
import { book, type Entry } from "./booking.ts";
import { plantCustomers } from "./seed/plant.ts";
import { NOW, startBank, type TestBank } from "./testing/bank.ts";

let bank: TestBank;
beforeAll(async () => {
  bank = await startBank();
});
afterAll(() => bank.stop());

function ask(sql: string, values: readonly unknown[] = []): Promise<readonly Record<string, unknown>[]> {
  return asRole(bank.stack, "banking", (query) => query(sql, values));
}

let entries = 0;
function transfer(postings: Entry["postings"]): Entry {
  const reference = `test-${(entries += 1)}`;
  return { reference, bookedAt: NOW, information: "Transfer", family: "ICDT", subFamily: "BOOK", postings };
}

describe("money", () => {
  test("is neither made nor lost, in any entry, in any currency", async () => {
    expect(await ask("select currency, sum(amount)::text as sum from postings group by currency")).toEqual([
      { currency: "KES", sum: "0" },
    ]);
    expect(await ask("select entry from postings group by entry, currency having sum(amount) <> 0")).toEqual(
      [],
    );
  });

  test("stands on each account as its postings say, and as the last of them says", async () => {
    expect(
      await ask(
        `select a.id from accounts a where a.balance <> (select coalesce(sum(amount), 0) from postings where account = a.id)
           or (a.customer is not null and a.balance <>
             (select balance_after from postings where account = a.id order by booked_at desc, id desc limit 1))`,
      ),
    ).toEqual([]);
  });

  test("that does not reach another account is not booked", async () => {
    const [from = "", to = ""] = bank.home("amina").accounts;
    const [before] = await ask("select balance from accounts where id = $1", [from]);
    const lopsided = transfer([
      { account: from, currency: "KES", amount: -100n },
      { account: to, currency: "KES", amount: 99n },
    ]);
    await expect(bank.seed.transaction((tx) => book(tx, lopsided))).rejects.toThrow("does not balance");
    expect(await ask("select balance from accounts where id = $1", [from])).toEqual([before]);
  });

  test("that is not there is not spent", async () => {
    const [from = "", to = ""] = bank.home("amina").accounts;
    const large = transfer([
      { account: from, currency: "KES", amount: -(10n ** 15n) },
      { account: to, currency: "KES", amount: 10n ** 15n },
    ]);
    await expect(bank.seed.transaction((tx) => book(tx, large))).rejects.toThrow("within_overdraft");
  });

  test("of one currency is not posted to an account of another", async () => {
    const [from = "", to = ""] = bank.home("amina").accounts;
    const euros = transfer([
      { account: from, currency: "EUR", amount: -1n },
      { account: to, currency: "EUR", amount: 1n },
    ]);
    await expect(bank.seed.transaction((tx) => book(tx, euros))).rejects.toThrow("foreign key");
  });

  test("moved to and fro at one time comes out right", async () => {
    const [one = "", two = ""] = bank.home("otieno").accounts;
    const before = await ask("select id, balance from accounts where id = any ($1) order by id", [
      [one, two],
    ]);
    const moves = Array.from({ length: 20 }, (_, n) => {
      const amount = n % 2 === 0 ? 100n : -100n;
      const entry = transfer([
        { account: one, currency: "KES", amount },
        { account: two, currency: "KES", amount: -amount },
      ]);
      return bank.seed.transaction((tx) => book(tx, entry));
    });
    await Promise.all(moves);
    expect(
      await ask("select id, balance from accounts where id = any ($1) order by id", [[one, two]]),
    ).toEqual(before);
  });
});

test("what was booked in several months is read in one order, whatever month each lies in", async () => {
  const [one = "", two = ""] = bank.home("wanjiru").accounts;
  const from = new Date(Math.max(Date.now(), NOW.getTime() + 1));
  const times = [0, 1, 32, 33, 64].map((days) => new Date(from.getTime() + days * 86_400_000));
  await asSuperuser(bank.stack.agent.socket, "wekeza", async (client) => {
    await client.query("set role banking_owner");
    for (const time of times) await client.query("select banking.add_month('postings', $1)", [time]);
  });
  for (const bookedAt of times) {
    const postings = [
      { account: one, currency: "KES", amount: -1n },
      { account: two, currency: "KES", amount: 1n },
    ];
    await bank.seed.transaction((tx) => book(tx, { ...transfer(postings), bookedAt }));
  }
  const months = await ask("select distinct tableoid from postings where booked_at >= $1", [from]);
  expect(months.length).toBeGreaterThan(2);
  const to = new Date(from.getTime() + 70 * 86_400_000);
  const asked = { accounts: [one], from, to, credits: true, debits: true, limit: 2 };
  const read: Date[] = [];
  let page = await bank.bank.transactions(asked);
  while (page !== undefined) {
    expect(page.total).toBe(times.length);
    read.push(...page.transactions.map(({ bookedAt }) => bookedAt));
    const beside = page.transactions.at(-1)?.id ?? "";
    page = page.older
      ? await bank.bank.transactions({ ...asked, place: { towards: "older", beside } })
      : undefined;
  }
  expect(read).toEqual(times.toReversed());
});

describe("the books", () => {
  test.each([
    "update accounts set balance = balance + 1",
    "update postings set amount = 1",
    "delete from postings",
    "delete from postings_before",
    "delete from entries",
    "delete from customers",
    "update credentials set cost = 16384",
  ])("cannot be changed by the service: %s", async (sql) => {
    await expect(ask(sql)).rejects.toThrow("permission denied");
  });

  test("take the same entry once", async () => {
    const [from = "", to = ""] = bank.home("amina").accounts;
    const entry = transfer([
      { account: from, currency: "KES", amount: -1n },
      { account: to, currency: "KES", amount: 1n },
    ]);
    await bank.seed.transaction((tx) => book(tx, entry));
    await expect(bank.seed.transaction((tx) => book(tx, entry))).rejects.toThrow("entries_reference_key");
  });

  test("have a posting in no other month than its entry", async () => {
    const [account = ""] = bank.home("amina").accounts;
    const post = `insert into postings (entry, booked_at, account, currency, amount)
      select id, booked_at + interval '1 month', $1, 'KES', 1 from entries limit 1`;
    await expect(ask(post, [account])).rejects.toThrow(/was booked at/);
  });
});

describe("demo customers", () => {
  test("are planted once", async () => {
    const [before] = await ask("select count(*) as entries from entries");
    await expect(plantCustomers(bank.seed, "KE", NOW)).resolves.toEqual([]);
    expect(await ask("select count(*) as entries from entries")).toEqual([before]);
  });

  test("log in with the password of the sandbox, in any case of the name", async () => {
    const { customer } = bank.home("wanjiru");
    await expect(bank.bank.login("Wanjiru", "sandbox-wanjiru")).resolves.toBe(customer);
    await expect(bank.bank.login("wanjiru", "sandbox-otieno")).resolves.toBeUndefined();
    await expect(bank.bank.login("nobody", "sandbox-nobody")).resolves.toBeUndefined();
  });
});
