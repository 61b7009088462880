import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { obukDefinitions } from "../service/testing/obuk-definitions.ts";
import { AISP_PATH } from "./account-routes.ts";
import { EVERYTHING, NOW, startBank, type TestBank } from "./testing/bank.ts";

let bank: TestBank;
beforeAll(async () => {
  bank = await startBank();
});
afterAll(() => bank.stop());

interface Page {
  readonly Data: { readonly Transaction: readonly Transaction[] };
  readonly Links: {
    readonly Self: string;
    readonly First: string;
    readonly Next?: string;
    readonly Prev?: string;
  };
  readonly Meta: { readonly TotalPages: number; readonly FirstAvailableDateTime: string };
}
interface Transaction {
  readonly TransactionId: string;
  readonly AccountId: string;
  readonly BookingDateTime: string;
  readonly CreditDebitIndicator: string;
}
interface Accounts {
  readonly Data: { readonly Account: readonly { readonly AccountId: string }[] };
}

const TRANSACTIONS = `${AISP_PATH}/transactions`;
const without = (...names: readonly string[]): { readonly permissions: string[] } => ({
  permissions: EVERYTHING.filter((name) => !names.includes(name)),
});
const pathOf = (link: string): string => link.replace("https://api.test", "");

/** Follows a link to the end of the list. */
async function walk(first: string, direction: "Next" | "Prev" = "Next"): Promise<readonly Page[]> {
  const pages: Page[] = [];
  for (let path: string | undefined = first; path !== undefined;) {
    const { status, body }: { status: number; body: Page } = await bank.read<Page>("wanjiru", path);
    expect(status).toBe(200);
    pages.push(body);
    const link: string | undefined = body.Links[direction];
    path = link === undefined ? undefined : pathOf(link);
  }
  return pages;
}

describe("accounts", () => {
  test("are those the customer chose, no more", async () => {
    const [current = ""] = bank.home("wanjiru").accounts;
    const chosen = { accounts: [current] };
    const list = await bank.read<Accounts>("wanjiru", `${AISP_PATH}/accounts`, chosen);
    expect(list.body.Data.Account.map(({ AccountId }) => AccountId)).toEqual([current]);
    const balances = await bank.read("wanjiru", `${AISP_PATH}/balances`, chosen);
    expect(JSON.stringify(balances.body)).not.toContain(bank.home("wanjiru").accounts[1]);
  });

  test("never include another customer's, whatever the consent names", async () => {
    const accounts = [...bank.home("wanjiru").accounts, ...bank.home("otieno").accounts];
    const list = await bank.read<Accounts>("wanjiru", `${AISP_PATH}/accounts`, { accounts });
    expect(list.body.Data.Account).toHaveLength(2);
    const [theirs = ""] = bank.home("otieno").accounts;
    const one = await bank.read("wanjiru", `${AISP_PATH}/accounts/${theirs}`, { accounts });
    expect(one).toMatchObject({ status: 403, body: { Errors: [{ ErrorCode: "U008" }] } });
  });

  test("show number and holder only with ReadAccountsDetail", async () => {
    const [current = ""] = bank.home("wanjiru").accounts;
    const path = `${AISP_PATH}/accounts/${current}`;
    expect(await bank.read("wanjiru", path)).toMatchObject({
      body: {
        Data: {
          Account: [{ Currency: "KES", Account: [{ SchemeName: "UK.OBIE.BBAN", Name: "Wanjiru Kamau" }] }],
        },
      },
    });
    const basic = await bank.read("wanjiru", path, without("ReadAccountsDetail"));
    expect(basic.status).toBe(200);
    expect(JSON.stringify(basic.body)).not.toContain("Wanjiru");
  });

  test.each([
    { path: "accounts", needs: ["ReadAccountsBasic", "ReadAccountsDetail"] },
    { path: "balances", needs: ["ReadBalances"] },
    { path: "transactions", needs: ["ReadTransactionsBasic", "ReadTransactionsDetail"] },
    { path: "transactions", needs: ["ReadTransactionsCredits", "ReadTransactionsDebits"] },
  ])("/$path is refused without $needs", async ({ path, needs }) => {
    const paths = [`${AISP_PATH}/${path}`];
    const [current = ""] = bank.home("wanjiru").accounts;
    paths.push(
      path === "accounts" ? `${AISP_PATH}/accounts/${current}` : `${AISP_PATH}/accounts/${current}/${path}`,
    );
    for (const each of paths) {
      const { status, body } = await bank.read("wanjiru", each, without(...needs));
      expect({ status, body }).toMatchObject({ status: 403, body: { Errors: [{ ErrorCode: "U008" }] } });
      expect(JSON.stringify(body)).toContain(needs.join(" or "));
    }
  });

  test.each([
    ...["", "/balances", "/transactions"].map((rest) => `acc-unknown${rest}`),
    // U+0000, which Postgres takes in no text.
    "%00",
    "acc-%00/balances",
  ])("that do not exist are a bad request: %s", async (rest) => {
    const answer = await bank.read("wanjiru", `${AISP_PATH}/accounts/${rest}`);
    expect(answer).toMatchObject({
      status: 400,
      body: { Errors: [{ ErrorCode: "U011", Path: "AccountId" }] },
    });
  });

  test("of the bank itself do not exist for anybody", async () => {
    expect(await bank.read("wanjiru", `${AISP_PATH}/accounts/clearing-KES`)).toMatchObject({ status: 400 });
  });

  test("have a booked and an available balance", async () => {
    const [, savings = ""] = bank.home("wanjiru").accounts;
    const balance = { AccountId: savings, CreditDebitIndicator: "Credit", DateTime: NOW.toISOString() };
    expect(await bank.read("wanjiru", `${AISP_PATH}/accounts/${savings}/balances`)).toMatchObject({
      body: {
        Data: {
          Balance: [
            { ...balance, Type: "ITBD" },
            { ...balance, Type: "ITAV" },
          ],
        },
      },
    });
  });
});

describe("transactions", () => {
  test("come page by page, newest first, each once", async () => {
    const pages = await walk(TRANSACTIONS);
    const all = pages.flatMap(({ Data }) => Data.Transaction);
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.map(({ Meta }) => Meta.TotalPages)).toEqual(pages.map(() => pages.length));
    expect(new Set(all.map(({ TransactionId }) => TransactionId)).size).toBe(all.length);
    const times = all.map(({ BookingDateTime }) => BookingDateTime);
    expect(times).toEqual(times.toSorted((a, b) => (a < b ? 1 : -1)));
    expect(pages[0]?.Links.Prev).toBeUndefined();
  });

  test("are the same when read backwards", async () => {
    const forwards = await walk(TRANSACTIONS);
    const backwards = await walk(pathOf(forwards.at(-1)?.Links.Self ?? ""), "Prev");
    const ids = (pages: readonly Page[]) =>
      pages.flatMap(({ Data }) => Data.Transaction.map((each) => each.TransactionId));
    expect(ids(backwards.toReversed())).toEqual(ids(forwards));
  });

  test("reach back as far as the policy says, and the consent", async () => {
    const earliest = async (consent: object): Promise<string | undefined> => {
      const { body } = await bank.read<Page>(
        "wanjiru",
        `${TRANSACTIONS}?toBookingDateTime=2026-11-20`,
        consent,
      );
      expect(body.Data.Transaction.length).toBeGreaterThan(0);
      return body.Data.Transaction.at(-1)?.BookingDateTime;
    };
    expect(await earliest({ historyDays: 5 })).toMatch(/^2026-11-1[789]/);
    expect(await earliest({ transactionFrom: "2026-11-15T00:00:00Z" })).toMatch(/^2026-11-15/);
  });

  test.each([
    {
      query: "fromBookingDateTime=2026-11-01&toBookingDateTime=2026-11-08",
      from: "2026-11-01",
      to: "2026-11-08",
    },
    {
      query: "fromBookingDateTime=2026-11-01T00:00:00%2B03:00&toBookingDateTime=2026-11-03",
      from: "2026-11-01",
      to: "2026-11-03",
    },
  ])("lie in the time asked for: $query", async ({ query, from, to }) => {
    const { body } = await bank.read<Page>("wanjiru", `${TRANSACTIONS}?${query}`);
    const times = body.Data.Transaction.map(({ BookingDateTime }) => BookingDateTime);
    expect(times.length).toBeGreaterThan(0);
    expect(times.filter((time) => time < from || time > `${to}T00:00:00.001Z`)).toEqual([]);
    expect(body.Links.Self).toContain("fromBookingDateTime=2026-11-01");
  });

  test("outside of what the consent covers are none, not an error", async () => {
    const answer = await bank.read<Page>("wanjiru", `${TRANSACTIONS}?toBookingDateTime=2020-01-01`);
    expect(answer).toMatchObject({
      status: 200,
      body: { Data: { Transaction: [] }, Meta: { TotalPages: 1 } },
    });
  });

  test.each([
    { why: "credits", drop: "ReadTransactionsDebits", want: "Credit" },
    { why: "debits", drop: "ReadTransactionsCredits", want: "Debit" },
  ])("are $why only without $drop", async ({ drop, want }) => {
    const { body } = await bank.read<Page>("wanjiru", TRANSACTIONS, without(drop));
    const kinds = new Set(body.Data.Transaction.map(({ CreditDebitIndicator }) => CreditDebitIndicator));
    expect([...kinds]).toEqual([want]);
  });

  test("say who and why only with ReadTransactionsDetail", async () => {
    const detail = await bank.read<Page>("wanjiru", TRANSACTIONS);
    expect(JSON.stringify(detail.body)).toContain("TransactionInformation");
    const basic = await bank.read<Page>("wanjiru", TRANSACTIONS, without("ReadTransactionsDetail"));
    const members = new Set(basic.body.Data.Transaction.flatMap((each) => Object.keys(each)));
    for (const secret of [
      "TransactionInformation",
      "Balance",
      "MerchantDetails",
      "CreditorAccount",
      "DebtorAccount",
    ]) {
      expect(members).not.toContain(secret);
    }
  });

  test("of one account are of that account", async () => {
    const [, savings = ""] = bank.home("wanjiru").accounts;
    const { body } = await bank.read<Page>("wanjiru", `${AISP_PATH}/accounts/${savings}/transactions`);
    expect(new Set(body.Data.Transaction.map(({ AccountId }) => AccountId))).toEqual(new Set([savings]));
  });

  test("beside another customer's are no place to begin", async () => {
    const { body } = await bank.read<Page>("otieno", TRANSACTIONS);
    const next = pathOf(body.Links.Next ?? "");
    expect(next).toContain("page=");
    expect(await bank.read("wanjiru", next)).toMatchObject({
      status: 400,
      body: { Errors: [{ Path: "page" }] },
    });
  });

  test.each([
    { query: "fromBookingDateTime=yesterday", path: "fromBookingDateTime" },
    { query: "fromBookingDateTime=2026-11-02&toBookingDateTime=2026-11-01", path: "toBookingDateTime" },
    { query: "page=nonsense", path: "page" },
    { query: "page=a&page=b", path: "page" },
  ])("with ?$query are a bad request", async ({ query, path }) => {
    const answer = await bank.read("wanjiru", `${TRANSACTIONS}?${query}`);
    expect(answer).toMatchObject({ status: 400, body: { Errors: [{ Path: path }] } });
  });
});

describe("the internal API", () => {
  test("knows customers by their password, for oauth only", async () => {
    const login = (password: string, peer = "oauth") =>
      bank.call(peer, "POST", "/internal/login", { username: "wanjiru", password });
    expect(await login("sandbox-wanjiru")).toEqual({
      status: 200,
      body: { customer: bank.home("wanjiru").customer },
    });
    expect(await login("wrong")).toMatchObject({ status: 401 });
    expect(await login("sandbox-wanjiru", "gateway")).toMatchObject({ status: 403 });
    expect(await bank.call("oauth", "POST", "/internal/login", { username: "wanjiru" })).toMatchObject({
      status: 400,
    });
  });

  test("lists a customer's accounts, for pages by the end of their numbers", async () => {
    const { customer, accounts } = bank.home("wanjiru");
    const { body } = await bank.call("oauth", "GET", `/internal/customers/${customer}/accounts`);
    expect(body).toMatchObject({
      accounts: [
        { accountId: accounts[0], currency: "KES", nickname: "Everyday" },
        { accountId: accounts[1], currency: "KES", nickname: "Savings" },
      ],
    });
    const listed = body["accounts"] as readonly {
      readonly identification: string;
      readonly number: string;
    }[];
    for (const { identification, number } of listed) {
      expect(identification).toBe(`••••${number.slice(-4)}`);
    }
  });

  test("gives oauth nothing of a partner's", async () => {
    expect(await bank.call("oauth", "GET", `${AISP_PATH}/accounts`)).toMatchObject({ status: 403 });
  });
});

const obuk = obukDefinitions();
describe.skipIf(obuk === undefined)(
  "by the standard's OpenAPI definition (skipped without it: see obuk-definitions.ts)",
  () => {
    test("every answer to a partner was right", () => {
      const schemaOf = (path: string, status: number): string => {
        if (status >= 400) return "OBErrorResponse1";
        if (path.includes("/transactions")) return "OBReadTransaction6";
        return path.includes("/balances") ? "OBReadBalance1" : "OBReadAccount6";
      };
      expect(bank.answers.length).toBeGreaterThan(30);
      expect(
        bank.answers.flatMap(({ path, status, body }) => obuk?.(schemaOf(path, status), body) ?? []),
      ).toEqual([]);
    });

    test.each(["Basic", "Detail"])("accounts and transactions read with %s have its shape", async (depth) => {
      const consent = without(
        ...["Basic", "Detail"]
          .filter((other) => other !== depth)
          .flatMap((other) => [`ReadAccounts${other}`, `ReadTransactions${other}`]),
      );
      const accounts = await bank.read<Accounts>("wanjiru", `${AISP_PATH}/accounts`, consent);
      const { body } = await bank.read<Page>("wanjiru", TRANSACTIONS, consent);
      expect(body.Data.Transaction).toHaveLength(100);
      expect(accounts.body.Data.Account.flatMap((each) => obuk?.(`OBAccount6${depth}`, each) ?? [])).toEqual(
        [],
      );
      expect(body.Data.Transaction.flatMap((each) => obuk?.(`OBTransaction6${depth}`, each) ?? [])).toEqual(
        [],
      );
    });
  },
);
