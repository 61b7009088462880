import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MINIMISATION } from "../../../crds/consent-policy.ts";
import { asRole } from "../../database/testing/stack-database.ts";
import { obukDefinitions, obukOperations } from "../../service/testing/obuk-definitions.ts";
import { AISP_PATH } from "../account-routes.ts";
import { ACME, NOW, startBank, type TestBank } from "../testing/bank.ts";
import { PAYEE, paying, single } from "../testing/paying.ts";

let bank: TestBank;
let account = "";
beforeAll(async () => {
  bank = await startBank();
  const world = paying(bank);
  account = (await world.accountOf()).id;
  const later = new Date(NOW.getTime() + 86_400_000).toISOString();
  await world.pay(await world.consented("domestic-payment", { Initiation: single("12.00") }));
  await world.dispatch(NOW);
  const scheduled = { ...single("13.00"), RequestedExecutionDateTime: later };
  await world.pay(await world.consented("domestic-scheduled-payment", { Initiation: scheduled }));
  const order = {
    FirstPaymentAmount: { Amount: "14.00", Currency: "KES" },
    CreditorAccount: PAYEE,
    MandateRelatedInformation: { FirstPaymentDateTime: later, Frequency: { Type: "MNTH" } },
  };
  await world.pay(await world.consented("domestic-standing-order", { Initiation: order }));
});
afterAll(() => bank.stop());

const PERMISSIONS = [
  "ReadAccountsDetail",
  "ReadBalances",
  "ReadTransactionsDetail",
  "ReadTransactionsCredits",
  "ReadTransactionsDebits",
  "ReadBeneficiariesDetail",
  "ReadDirectDebits",
  "ReadOffers",
  "ReadParty",
  "ReadPartyPSU",
  "ReadProducts",
  "ReadScheduledPaymentsDetail",
  "ReadStandingOrdersDetail",
  "ReadStatementsDetail",
];
type Lists = { readonly Data: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>> };
const read = (path: string, permissions = PERMISSIONS) =>
  bank.read<Lists>("wanjiru", `${AISP_PATH}${path}`, { permissions });

const LISTS = [
  ["beneficiaries", "Beneficiary", "ReadBeneficiaries", 1],
  ["scheduled-payments", "ScheduledPayment", "ReadScheduledPayments", 1],
  ["standing-orders", "StandingOrder", "ReadStandingOrders", 1],
] as const;

describe.each(LISTS)("%s", (name, member, permission, count) => {
  test("are the same for all accounts and for the one that has them", async () => {
    const all = await read(`/${name}`);
    const one = await read(`/accounts/${account}/${name}`);
    expect(all.body.Data[member]).toHaveLength(count);
    expect(one.body.Data).toEqual(all.body.Data);
    expect(all.body.Data[member]?.[0]).toMatchObject({
      CreditorAccount: { Identification: PAYEE.Identification },
    });
  });

  test("have no account number without the detail permission, and are refused without any", async () => {
    const basic = await read(`/${name}`, [`${permission}Basic`]);
    expect(basic.body.Data[member]).toHaveLength(count);
    expect(JSON.stringify(basic.body)).not.toContain(PAYEE.Identification);
    expect((await read(`/${name}`, ["ReadAccountsDetail"])).status).toBe(403);
  });
});

test("a payee's id is the same each time, and nobody who guesses her number can tell", async () => {
  const ids = async () =>
    (await read("/beneficiaries")).body.Data["Beneficiary"]?.map(({ BeneficiaryId: id }) => id);
  const [id] = (await ids()) ?? [];
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(await ids()).toEqual([id]);
  const { SchemeName, Identification } = PAYEE;
  for (const guess of [
    [account, SchemeName, Identification].join("\n"),
    JSON.stringify([account, SchemeName, Identification]).replaceAll(",", ", "),
  ])
    expect(createHash("sha256").update(guess).digest("hex")).not.toContain(id);
  await expect(bank.database.query("select key from beneficiary_key")).rejects.toThrow("permission denied");
  await expect(bank.seed.query("select beneficiary_id('a', 'b', 'c')")).rejects.toThrow("permission denied");
});

test.each(["direct-debits", "offers"])("there are no %s here, which is an answer", async (name) => {
  const { status, body } = await read(`/${name}`);
  expect(status).toBe(200);
  expect(Object.values(body.Data)).toEqual([[]]);
  expect((await read(`/accounts/${account}/${name}`)).status).toBe(200);
});

test("each account is a product, and its holder a party", async () => {
  expect((await read("/products")).body.Data["Product"]).toHaveLength(bank.home("wanjiru").accounts.length);
  expect((await read(`/accounts/${account}/product`)).body.Data["Product"]).toHaveLength(1);
  for (const path of ["/party", `/accounts/${account}/party`]) {
    expect((await read(path)).body.Data).toMatchObject({ Party: { Name: "Wanjiru Kamau" } });
  }
  expect((await read(`/accounts/${account}/parties`)).body.Data).toMatchObject({
    Party: [{ Name: "Wanjiru Kamau" }],
  });
});

test("statements are the whole months the consent covers, with the transactions of each", async () => {
  const all = (await read("/statements")).body.Data["Statement"] ?? [];
  expect(new Set(all.map(({ StatementId }) => StatementId))).toEqual(new Set(["2026-09", "2026-10"]));
  const path = `/accounts/${account}/statements`;
  expect((await read(path)).body.Data["Statement"]).toHaveLength(2);
  expect((await read(`${path}/2026-10`)).body.Data["Statement"]).toMatchObject([{ StatementId: "2026-10" }]);
  const listed = (await read(`${path}/2026-10/transactions`)).body.Data["Transaction"] ?? [];
  expect(listed.length).toBeGreaterThan(0);
  expect(listed.every(({ BookingDateTime }) => String(BookingDateTime).startsWith("2026-10"))).toBe(true);
  const { body: file } = await read(`${path}/2026-10/file`);
  expect(file).toMatchObject({ Transaction: listed });
  expect(await read(`${path}/2026-11`)).toMatchObject({
    status: 400,
    body: { Errors: [{ ErrorCode: "U011" }] },
  });
});

test("an account outside of the consent is refused, whatever is asked of it", async () => {
  const [stranger = ""] = bank.home("amina").accounts;
  for (const name of ["beneficiaries", "party", "statements", "statements/2026-10/file"]) {
    expect((await read(`/accounts/${stranger}/${name}`)).status).toBe(403);
  }
});

const check = obukDefinitions();
const operations = obukOperations("account-info") ?? [];

test("what a policy withholds is in no answer, whatever is read", async () => {
  const minimisation = [...MINIMISATION];
  for (const { method, path } of operations) {
    if (method !== "GET" || /consents|StatementId/.test(path)) continue;
    const address = `/open-banking/v4.0${path.replace("{AccountId}", account)}`;
    const { body } = await bank.read("wanjiru", address, { permissions: PERMISSIONS, minimisation });
    expect(JSON.stringify(body)).not.toMatch(
      new RegExp(
        `${PAYEE.Identification}|CreditorAccount|BeneficiaryId|TransactionInformation|"Balance":\\{`,
      ),
    );
  }
  const { body } = await bank.read<Lists>("wanjiru", `${AISP_PATH}/accounts/${account}`, {
    permissions: PERMISSIONS,
    minimisation,
  });
  expect(body.Data["Account"]?.[0]).toMatchObject({ Account: [{ Identification: /^\*{4}\d{4}$/ }] });
});

test("what is erased is in no list, and its partner is told that there is no such payment", async () => {
  const lists = () => Promise.all(["/standing-orders", "/beneficiaries"].map((path) => read(path)));
  const before = (await lists()).map(({ body }) => body.Data);
  const { customer } = bank.home("wanjiru");
  const old = new Date("2016-03-01T12:00:00.000Z");
  await bank.database.query(
    `insert into payments (id, kind, client_id, consent, customer, account, initiation, risk, status, created_at, status_at)
     values ('old', 'domestic-standing-order', $1, 'soc-old', $2, $3, '{}', '{}', 'INCO', $4, $4)`,
    [ACME, customer, account, old],
  );
  await bank.database.query(
    `insert into transfers (id, payment, account, amount, currency, credit_amount, credit_currency, creditor_scheme,
       creditor_identification, creditor_name, reference, end_to_end, status, at, status_at)
     values ('old', 'old', $1, 1, 'KES', 1, 'KES', 'UK.OBIE.BBAN', 'old', 'Baraka', 'rent', 'rent', 'ACCC', $2, $2)`,
    [account, old],
  );
  const look = async () => (await paying(bank).look("domestic-standing-order", "old")).status;
  expect(await look()).toBe(200);
  await asRole(bank.stack, "consent", (query) =>
    query("select banking.erase_payments('soc-old', $1)", [NOW]),
  );
  expect((await lists()).map(({ body }) => body.Data)).toEqual(before);
  expect(await look()).toBe(400);
});

test.skipIf(check === undefined)(
  "every answer above is what the definition says, and every operation gave one",
  async () => {
    for (const path of ["/accounts", `/accounts/${account}`, "/balances", `/accounts/${account}/balances`])
      await read(path);
    for (const path of ["/transactions", `/accounts/${account}/transactions`]) await read(path);
    const missing: string[] = [];
    const wrong: string[] = [];
    for (const { method, path, responses } of operations) {
      if (path.includes("consents") || check === undefined) continue;
      const shape = new RegExp(`^/open-banking/v4.0${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`);
      const given = bank.answers.filter((each) => each.method === method && shape.test(each.path));
      if (!given.some(({ status }) => status === 200)) missing.push(`${method} ${path}`);
      // The definitions' word for a file is an object without members: it stands for bytes.
      if (path.endsWith("/file")) continue;
      for (const { status, body } of given) {
        wrong.push(
          ...check(responses[String(status)] ?? "", body).map((fault) => `${path} ${status}: ${fault}`),
        );
      }
    }
    expect({ missing, wrong: [...new Set(wrong)] }).toEqual({ missing: [], wrong: [] });
  },
);
