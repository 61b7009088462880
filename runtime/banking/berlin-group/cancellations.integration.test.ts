import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { asRole } from "../../database/testing/stack-database.ts";
import { BERLIN_GROUP_PATH } from "../../service/berlin-group.ts";
import { obukDefinitions } from "../../service/testing/obuk-definitions.ts";
import { ACME, NOW, startBank, type TestBank } from "../testing/bank.ts";
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

const days = (n: number): Date => new Date(NOW.getTime() + n * 86_400_000);
const balance = async (): Promise<bigint> => (await world.accountOf()).balance;

/** A payment on a date, which the bank has taken. */
async function scheduled(
  amount: string,
  on: Date,
): Promise<{ readonly id: string; readonly Initiation: object }> {
  const { sent, Initiation } = transferOf(amount);
  const dated = { ...Initiation, RequestedExecutionDateTime: on.toISOString() };
  const id = await made.taken({ kind: "domestic-scheduled-payment", sent, Initiation: dated });
  return { id, Initiation: dated };
}
const statusOf = async (id: string): Promise<unknown> => {
  const { body } = await bank.send<{ readonly transactionStatus: string }>({
    path: `${BERLIN_GROUP_PATH}/payments/sepa-credit-transfers/${id}/status`,
    headers: { "x-request-id": randomUUID() },
    context: { clientId: ACME },
  });
  return body.transactionStatus;
};
const standing = async (id: string): Promise<unknown> =>
  asRole(bank.stack, "consent", async (query) => {
    const payment = await made.paymentOf(id);
    const rows = await query("select cancellable from banking.standing_of($1)", [payment?.id]);
    return rows[0];
  });

test("what its customer cancels is never paid, in neither dialect, and the log says by which consent", async () => {
  const before = await balance();
  const { id, Initiation } = await scheduled("5.00", days(2));
  const payment = await made.paymentOf(id);
  expect(await standing(id)).toEqual({ cancellable: true });
  const cancellation = await made.cancelling(id, Initiation);
  expect(await made.carryOut()).toBe(true);
  expect(await made.carryOut()).toBe(false);
  await world.carryOut(days(3));
  expect(await statusOf(id)).toBe("CANC");
  expect(await standing(id)).toEqual({ cancellable: false });
  expect(await balance()).toBe(before);
  const obuk = await world.look("domestic-scheduled-payment", payment?.id);
  expect(obuk.body.Data.Status).toBe("CANC");
  const { rows } = await bank.database.query<{ readonly leaf: string }>(
    "select leaf from audit_leaf where subject = $1 order by id desc limit 1",
    [payment?.id],
  );
  expect(JSON.parse(rows[0]?.leaf ?? "{}")).toMatchObject({ status: "CANC", cancelledBy: cancellation });
});

test("a cancellation that comes too late is used up, and the payment stays paid", async () => {
  const { id, Initiation } = await scheduled("6.00", days(2));
  const before = await balance();
  await world.carryOut(days(2));
  const cancellation = await made.cancelling(id, Initiation);
  expect(await made.carryOut(days(2))).toBe(true);
  expect(await statusOf(id)).toBe("ACSP");
  expect(await balance()).toBeLessThan(before);
  const rows = await asRole(bank.stack, "consent", (query) =>
    query("select state from consents where id = $1", [cancellation]),
  );
  expect(rows).toEqual([{ state: "COND" }]);
});

test("what was held for its risk ends with its payment: nothing of it is under way for ever", async () => {
  // As many euros are more than the account has.
  const InstructedAmount = { Amount: "9000.06", Currency: "KES" };
  const { sent, Initiation: inEuros } = transferOf("9000.06");
  const Initiation = { ...inEuros, InstructedAmount };
  const id = await made.taken({ kind: "domestic-payment", sent, Initiation });
  const payment = (await made.paymentOf(id))?.id ?? "";
  const stand = async () => (await bank.payments.transfers(payment)).map(({ status }) => status);
  expect(await stand()).toEqual(["PDNG"]);
  await made.cancelling(id, Initiation);
  await made.carryOut();
  expect([await statusOf(id), await stand()]).toEqual(["CANC", ["RJCT"]]);
  const rows = await asRole(bank.stack, "consent", (query) =>
    query("select unfinished from banking.made_under($1)", [[id]]),
  );
  expect(rows).toEqual([{ unfinished: false }]);
});

test("two consents cancel once", async () => {
  const { id, Initiation } = await scheduled("7.00", days(2));
  await made.cancelling(id, Initiation);
  await made.cancelling(id, Initiation);
  await Promise.all([made.carryOut(), made.carryOut()]);
  expect(await made.carryOut()).toBe(false);
  expect(await statusOf(id)).toBe("CANC");
});

test("what she cancelled while the bank was away is not paid when it is back, whichever it looks at first", async () => {
  for (const first of ["payments", "initiations"] as const) {
    const { id, Initiation } = await scheduled("6.10", days(2));
    await made.cancelling(id, Initiation);
    const before = await balance();
    if (first === "initiations") await made.carryOut(days(20));
    await world.carryOut(days(20));
    await made.carryOut(days(20));
    expect([await statusOf(id), await balance()]).toEqual(["CANC", before]);
  }
});

test("what she cancelled first is never paid, whoever comes to it at the same moment", async () => {
  for (let round = 0; round < 6; round += 1) {
    const { id, Initiation } = await scheduled(`1.0${round}`, days(2));
    await made.cancelling(id, Initiation);
    const both = [() => world.carryOut(days(2)), () => made.carryOut(days(2))];
    await Promise.all((round % 2 === 0 ? both : both.toReversed()).map((act) => act()));
    expect(await statusOf(id)).toBe("CANC");
    expect(await bank.payments.transfers((await made.paymentOf(id))?.id ?? "")).toEqual([]);
  }
});

test("of paying and cancelling at the same moment exactly one happens", async () => {
  for (let round = 0; round < 6; round += 1) {
    const { id, Initiation } = await scheduled(`1.0${round}`, days(2));
    const cancelling = async () => {
      await made.cancelling(id, Initiation);
      await made.carryOut(days(2));
    };
    const both = [() => world.carryOut(days(2)), cancelling];
    await Promise.all((round % 2 === 0 ? both : both.toReversed()).map((act) => act()));
    const status = await statusOf(id);
    expect(["ACSP", "CANC"]).toContain(status);
    const transfers = await bank.payments.transfers((await made.paymentOf(id))?.id ?? "");
    expect(transfers).toHaveLength(status === "ACSP" ? 1 : 0);
  }
});

describe("a consent to cancel", () => {
  test("of another account cancels nothing", async () => {
    const { id, Initiation } = await scheduled("8.00", days(2));
    const cancellation = await made.cancelling(id, Initiation);
    await asRole(bank.stack, "consent", (query) =>
      query("update consents set accounts = array['other'] where id = $1", [cancellation]),
    );
    await made.carryOut();
    expect(await statusOf(id)).toBe("PDNG");
  });

  test("of another holder of the account cancels nothing", async () => {
    const { id, Initiation } = await scheduled("8.00", days(2));
    const cancellation = await made.initiated({ kind: "payment-cancellation", Initiation, Cancels: id });
    const { accounts } = bank.home("wanjiru");
    await asRole(bank.stack, "consent", (query) =>
      query(
        `update consents set state = 'AUTH', customer = $2, accounts = $3, debtor_account = '{}', grant_id = 'g', sca = '{}'
         where id = $1`,
        [cancellation, bank.home("amina").customer, [accounts[0]]],
      ),
    );
    await made.carryOut();
    expect(await statusOf(id)).toBe("PDNG");
  });

  test("that has ended cancels nothing", async () => {
    const { id, Initiation } = await scheduled("8.00", days(2));
    const cancellation = await made.cancelling(id, Initiation);
    await asRole(bank.stack, "consent", (query) =>
      query("update consents set state = 'CANC', ended_by = 'withdraw' where id = $1", [cancellation]),
    );
    expect(await made.carryOut()).toBe(false);
    expect(await statusOf(id)).toBe("PDNG");
  });
});

test("an order stops, and what had left before arrives", async () => {
  const Initiation = {
    FirstPaymentAmount: { Amount: "3.00", Currency: "EUR" },
    CreditorAccount: PAYEE,
    MandateRelatedInformation: {
      FirstPaymentDateTime: days(1).toISOString(),
      Frequency: { Type: "WEEK" },
    },
  };
  const id = await made.taken({ kind: "domestic-standing-order", Initiation });
  await world.carryOut(days(1));
  await made.cancelling(id, Initiation);
  await made.carryOut(days(2));
  await world.dispatch(days(2));
  await world.carryOut(days(20));
  const payment = await made.paymentOf(id);
  expect(payment).toMatchObject({ status: "CANC", runs: 1 });
  const transfers = await bank.payments.transfers(payment?.id ?? "");
  expect(transfers.map(({ status }) => status)).toEqual(["ACCC"]);
  const obuk = await world.look("domestic-standing-order", payment?.id);
  const check = obukDefinitions("payment-initiation");
  expect(check?.("OBWriteDomesticStandingOrderResponse6", obuk.body) ?? []).toEqual([]);
  const { accounts } = bank.home("wanjiru");
  const orders = await bank.read<{ readonly Data: object }>(
    "wanjiru",
    `/open-banking/v4.0/aisp/accounts/${accounts[0] ?? ""}/standing-orders`,
    { permissions: ["ReadStandingOrdersBasic"] },
  );
  expect(orders.body.Data).toMatchObject({ StandingOrder: [{ StandingOrderStatusCode: "CANC" }] });
});

test("money that comes back after the rest was cancelled is told, with why, and in the log", async () => {
  const Initiation = {
    // The payee's account is closed: see sandbox.ts.
    FirstPaymentAmount: { Amount: "9000.01", Currency: "KES" },
    CreditorAccount: PAYEE,
    MandateRelatedInformation: {
      FirstPaymentDateTime: days(1).toISOString(),
      Frequency: { Type: "WEEK" },
    },
  };
  const before = await balance();
  const id = await made.taken({ kind: "domestic-standing-order", Initiation });
  await world.carryOut(days(1));
  expect(await balance()).toBeLessThan(before);
  const cancellation = await made.cancelling(id, Initiation);
  await made.carryOut(days(2));
  await world.dispatch(days(2));
  const payment = await made.paymentOf(id);
  expect(payment).toMatchObject({ status: "CANC", reason: "AC04" });
  expect(await balance()).toBe(before);
  const { rows } = await bank.database.query<{ readonly leaf: string }>(
    `select l.leaf from audit_leaf l where l.subject = $1
       and exists (select from outbox o where o.subject = l.subject and o.payload ->> 'at' = l.leaf::jsonb ->> 'at')
     order by l.id desc limit 2`,
    [payment?.id],
  );
  expect(rows.map(({ leaf }) => JSON.parse(leaf) as unknown)).toMatchObject([
    { type: "payment.updated", status: "CANC", reason: "AC04", givenBack: `${payment?.id}.1` },
    { type: "payment.updated", status: "CANC", cancelledBy: cancellation },
  ]);
});
