import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { asRole } from "../../database/testing/stack-database.ts";
import { BERLIN_GROUP_PATH } from "../../service/berlin-group.ts";
import { berlinGroupDefinition } from "../../service/testing/berlin-group-definition.ts";
import { ACME, NOW, startBank, type Answer, type TestBank } from "../testing/bank.ts";
import { initiating, transferOf } from "../testing/initiating.ts";
import { PAYEE, paying } from "../testing/paying.ts";

let bank: TestBank;
let world: ReturnType<typeof paying>;
let made: ReturnType<typeof initiating>;
beforeAll(async () => {
  bank = await startBank();
  world = paying(bank);
  made = initiating(bank);
});
afterAll(() => bank.stop());
afterEach(async () => {
  expect(await world.unconserved()).toEqual([]);
});

const PATH = `${BERLIN_GROUP_PATH}/payments/sepa-credit-transfers`;
const days = (n: number): Date => new Date(NOW.getTime() + n * 86_400_000);

interface Body {
  readonly transactionStatus: string;
}
const call = (id: string, rest = "", clientId = ACME): Promise<Answer<Body>> =>
  bank.send<Body>({
    path: `${PATH}/${id}${rest}`,
    headers: { "x-request-id": randomUUID() },
    context: { clientId },
  });
const statusOf = async (id: string): Promise<string> => (await call(id, "/status")).body.transactionStatus;

/** An initiated payment; on a date when there is one. */
function initiated(
  amount: string,
  { until, on }: { readonly until?: string; readonly on?: Date } = {},
): Promise<string> {
  const { sent, Initiation } = transferOf(amount);
  const kind = on === undefined ? "domestic-payment" : "domestic-scheduled-payment";
  return made.initiated({
    kind,
    sent: {
      ...sent,
      ...(on === undefined ? {} : { requestedExecutionDate: on.toISOString().slice(0, 10) }),
    },
    Initiation: {
      ...Initiation,
      ...(on === undefined ? {} : { RequestedExecutionDateTime: on.toISOString() }),
    },
    ...(until === undefined ? {} : { until }),
  });
}
const authorise = (id: string): Promise<void> => made.authorise(id);
const carryOut = (): Promise<boolean> => made.carryOut();
const end = (id: string, state: string, by: string) =>
  asRole(bank.stack, "consent", (query) =>
    query("update consents set state = $2, ended_by = $3 where id = $1", [id, state, by]),
  );

test("a payment is carried out once its customer has authorised it, not before and only once", async () => {
  const before = (await world.accountOf()).balance;
  const id = await initiated("2.00");
  expect(await statusOf(id)).toBe("RCVD");
  expect(await carryOut()).toBe(false);
  await authorise(id);
  expect(await statusOf(id)).toBe("ACTC");
  const [first, second] = await Promise.all([carryOut(), carryOut()]);
  expect(first || second).toBe(true);
  expect(await carryOut()).toBe(false);
  expect(await statusOf(id)).toBe("ACSP");
  const debited = before - (await world.accountOf()).balance;
  const { rows } = await bank.database.query<{ readonly amount: string }>(
    "select t.amount from transfers t join payments p on p.id = t.payment where p.consent = $1",
    [id],
  );
  expect(rows).toEqual([{ amount: String(debited) }]);
  await world.dispatch(NOW);
  expect(["ACSC", "ACCC"]).toContain(await statusOf(id));
});

test("it is read as it was sent, with what became of it, and is a payment of the other dialect too", async () => {
  const id = await initiated("3.00");
  await authorise(id);
  await carryOut();
  const read = await call(id);
  expect(read).toMatchObject({
    status: 200,
    body: { instructedAmount: { amount: "3.00" }, creditorName: PAYEE.Name, transactionStatus: "ACSP" },
  });
  const { rows } = await bank.database.query<{ readonly id: string }>(
    "select id from payments where consent = $1",
    [id],
  );
  const obuk = await world.look("domestic-payment", rows[0]?.id);
  expect(obuk.body.Data).toMatchObject({ ConsentId: id, Status: read.body.transactionStatus });
});

test("one of a later day waits for it, is paid once, and is a scheduled payment of the other dialect", async () => {
  const { balance } = await world.accountOf();
  const id = await initiated("4.00", { on: days(3) });
  await authorise(id);
  expect(await carryOut()).toBe(true);
  expect(await call(id)).toMatchObject({
    status: 200,
    body: { requestedExecutionDate: "2026-11-25", transactionStatus: "PDNG" },
  });
  const { rows } = await bank.database.query<{ readonly id: string }>(
    "select id from payments where consent = $1",
    [id],
  );
  const obuk = await world.look("domestic-scheduled-payment", rows[0]?.id);
  expect(obuk.body.Data).toMatchObject({
    Status: "PDNG",
    ExpectedExecutionDateTime: days(3).toISOString(),
  });
  await world.carryOut(days(2));
  expect(await statusOf(id)).toBe("PDNG");
  expect((await world.accountOf()).balance).toBe(balance);
  await Promise.all([world.carryOut(days(3)), world.carryOut(days(3))]);
  expect(await statusOf(id)).toBe("ACSP");
  const { rows: transfers } = await bank.database.query<{ readonly amount: string }>(
    "select t.amount from transfers t join payments p on p.id = t.payment where p.consent = $1",
    [id],
  );
  expect(transfers).toEqual([{ amount: String(balance - (await world.accountOf()).balance) }]);
});

test("a periodic one is an order: it waits, pays each time, and is read as it was sent", async () => {
  const { sent, Initiation } = transferOf("2.50");
  const { InstructedAmount: FirstPaymentAmount, CreditorAccount } = Initiation;
  const terms = { startDate: "2026-11-24", endDate: "2026-12-02", frequency: "Weekly" };
  const id = await made.taken({
    kind: "domestic-standing-order",
    sent: { ...sent, ...terms },
    Initiation: {
      FirstPaymentAmount,
      CreditorAccount,
      MandateRelatedInformation: {
        FirstPaymentDateTime: "2026-11-24T00:00:00.000Z",
        FinalPaymentDateTime: "2026-12-02T23:59:59.999Z",
        Frequency: { Type: "WEEK" },
      },
    },
  });
  const path = `${BERLIN_GROUP_PATH}/periodic-payments/sepa-credit-transfers/${id}`;
  const look = async (rest = "") =>
    bank.send<Body>({ path: `${path}${rest}`, headers: { "x-request-id": randomUUID() } });
  const status = async (): Promise<string> => (await look("/status")).body.transactionStatus;
  expect(await look()).toMatchObject({ status: 200, body: { ...terms, transactionStatus: "PDNG" } });
  const payment = await made.paymentOf(id);
  await world.carryOut(days(2));
  expect(await status()).toBe("ACSP");
  await world.carryOut(days(40));
  await world.dispatch(days(40));
  expect(await status()).toBe("ACCC");
  expect(await bank.payments.transfers(payment?.id ?? "")).toHaveLength(2);
  const obuk = await world.look("domestic-standing-order", payment?.id);
  expect(obuk.body.Data.Status).toBe("INCO");
  expect(await call(id)).toMatchObject({ status: 404 });
});

/** A bulk of some amounts, with the file that the consent service keeps of it. */
async function bulkOf(
  amounts: readonly string[],
  on?: Date,
): Promise<{ readonly id: string; readonly Initiation: object }> {
  const lines = amounts.map((amount) => transferOf(amount));
  const Initiation = {
    FileType: "UK.OBIE.PaymentInitiation.4.0",
    FileHash: "hash",
    ...(on === undefined ? {} : { RequestedExecutionDateTime: on.toISOString() }),
  };
  const { debtorAccount } = transferOf("1.00").sent;
  const payments = lines.map(({ sent: { debtorAccount: _payer, ...entry } }) => entry);
  const id = await made.initiated({ kind: "file-payment", sent: { debtorAccount, payments }, Initiation });
  const content = JSON.stringify({ Data: { DomesticPayments: lines.map((line) => line.Initiation) } });
  await asRole(bank.stack, "consent", (query) =>
    query("insert into files (consent, media_type, content, at) values ($1, 'application/json', $2, $3)", [
      id,
      Buffer.from(content),
      NOW,
    ]),
  );
  return { id, Initiation };
}
const bulk = (id: string, rest = ""): Promise<Answer<Body>> =>
  bank.send<Body>({
    path: `${BERLIN_GROUP_PATH}/bulk-payments/sepa-credit-transfers/${id}${rest}`,
    headers: { "x-request-id": randomUUID() },
  });

test("each payment of a bulk leaves once, and it stands where the last of them does", async () => {
  const { balance } = await world.accountOf();
  const { id } = await bulkOf(["1.00", "2.00", "3.00"]);
  expect(await bulk(id)).toMatchObject({ status: 200, body: { transactionStatus: "RCVD" } });
  await authorise(id);
  expect(await bulk(id, "/status")).toMatchObject({ body: { transactionStatus: "ACTC" } });
  await carryOut();
  expect(await bulk(id, "/status")).toMatchObject({ body: { transactionStatus: "PDNG" } });
  await Promise.all([world.carryOut(days(0)), world.carryOut(days(0))]);
  expect(await bulk(id, "/status")).toEqual({ status: 200, body: { transactionStatus: "ACSP" } });
  const payment = await made.paymentOf(id);
  const moved = await bank.payments.transfers(payment?.id ?? "");
  expect(moved.map((transfer) => transfer.id)).toEqual([1, 2, 3].map((n) => `${payment?.id ?? ""}.${n}`));
  const sum = moved.reduce((all, { amount }) => all + amount, 0n);
  expect(BigInt(balance - (await world.accountOf()).balance)).toBe(sum);
  await world.dispatch(days(0));
  expect(await bulk(id)).toMatchObject({
    body: { transactionStatus: "ACCC", payments: [{ instructedAmount: { amount: "1.00" } }, {}, {}] },
  });
  expect(await call(id)).toMatchObject({ status: 404 });
});

test("a bulk of which one payment cannot be made is told as partial, with how many; of which none can, as rejected", async () => {
  const { id: part } = await bulkOf(["1.00", "9000000.00"]);
  const { id: none } = await bulkOf(["9000000.00", "9000001.00"]);
  for (const id of [part, none]) await authorise(id);
  await carryOut();
  await world.carryOut(days(0));
  expect(await bulk(part, "/status")).toEqual({
    status: 200,
    body: { transactionStatus: "PART", psuMessage: "1 of 2 payments were not made." },
  });
  expect(await bulk(none, "/status")).toMatchObject({ body: { transactionStatus: "RJCT" } });
});

test("a bulk of a later day waits for it, and what she cancels before is not paid", async () => {
  const { balance } = await world.accountOf();
  const { id, Initiation } = await bulkOf(["1.00", "2.00"], days(3));
  await authorise(id);
  await carryOut();
  await world.carryOut(days(2));
  expect(await bulk(id, "/status")).toMatchObject({ body: { transactionStatus: "PDNG" } });
  await made.cancelling(id, Initiation);
  await world.carryOut(days(3));
  expect(await bulk(id, "/status")).toMatchObject({ body: { transactionStatus: "CANC" } });
  expect((await world.accountOf()).balance).toBe(balance);
});

test("what there is not money for is rejected, with the reason, and moves nothing", async () => {
  const { balance } = await world.accountOf();
  const id = await initiated("9000000.00");
  await authorise(id);
  await carryOut();
  expect(await call(id, "/status")).toMatchObject({
    body: { transactionStatus: "RJCT", psuMessage: "There is not enough money in the account." },
  });
  expect((await world.accountOf()).balance).toBe(balance);
});

test("an amount that its currency cannot hold is rejected once, and is not looked at again", async () => {
  const id = await initiated("1.001");
  await authorise(id);
  expect(await carryOut()).toBe(true);
  expect(await call(id, "/status")).toMatchObject({
    body: { transactionStatus: "RJCT", psuMessage: "The amount has more decimals than its currency." },
  });
  expect(await carryOut()).toBe(false);
});

test("it is not carried out after the customer declined, the partner was ended, or its time was over", async () => {
  const declined = await initiated("1.00");
  await end(declined, "RJCT", "reject");
  const ended = await initiated("1.00");
  await authorise(ended);
  await end(ended, "CANC", "endPartner");
  const overdue = await initiated("1.00", { until: "2026-11-22T17:00:00Z" });
  await authorise(overdue);
  expect(await carryOut()).toBe(false);
  expect([await statusOf(declined), await statusOf(ended), await statusOf(overdue)]).toEqual([
    "RJCT",
    "CANC",
    "RJCT",
  ]);
});

test("another partner's, one of the other dialect and none at all look the same", async () => {
  const obuk = await world.consented("domestic-payment", { Initiation: {} });
  const theirs = await call(await initiated("1.00"), "", "ptn-0000000000000002");
  for (const answer of [theirs, await call(obuk.id), await call("none", "/status"), await call("%00")]) {
    expect(answer).toMatchObject({ status: 404, body: { tppMessages: [{ code: "RESOURCE_UNKNOWN" }] } });
  }
});

const definition = berlinGroupDefinition();
test.skipIf(definition === undefined)(
  "every answer to a partner was as the standard defines it (skipped without its OpenAPI definition: see berlin-group-definition.ts)",
  () => {
    const answers = bank.answers.filter(({ path }) => path.startsWith(BERLIN_GROUP_PATH));
    expect(answers.length).toBeGreaterThan(10);
    expect(answers.flatMap((each) => definition?.faults(each) ?? [])).toEqual([]);
  },
);
