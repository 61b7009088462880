import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { asRole } from "../../database/testing/stack-database.ts";
import { obukDefinitions, obukOperations } from "../../service/testing/obuk-definitions.ts";
import { NOW, startBank, type TestBank } from "../testing/bank.ts";
import { fileOf, PAYEE, paying, single } from "../testing/paying.ts";

let bank: TestBank;
let world: ReturnType<typeof paying>;
beforeAll(async () => {
  bank = await startBank();
  world = paying(bank);
});
afterEach(async () => {
  expect(await world.unconserved()).toEqual([]);
});
afterAll(() => bank.stop());

const days = (n: number): Date => new Date(NOW.getTime() + n * 86_400_000);
const domestic = (amount: string, payee?: object) =>
  world.consented("domestic-payment", { Initiation: single(amount, payee) });
const faults = (body: unknown) =>
  (body as { readonly Errors: readonly { readonly ErrorCode: string }[] }).Errors;

describe("a domestic payment", () => {
  test("to another bank debits the payer at once and arrives when that bank has taken it", async () => {
    const before = await world.accountOf();
    const { status, body } = await world.pay(await domestic("120.50"));
    expect(status).toBe(201);
    expect(body.Data).toMatchObject({ Status: "ACSP", Debtor: { Identification: before.identification } });
    expect((await world.accountOf()).balance).toBe(before.balance - 12_050n);
    await world.dispatch(NOW);
    const after = await world.look("domestic-payment", body.Data["DomesticPaymentId"]);
    expect(after.body.Data.Status).toBe("ACCC");
    const details = await world.look(
      "domestic-payment",
      body.Data["DomesticPaymentId"],
      undefined,
      "/payment-details",
    );
    expect(details.body.Data).toMatchObject({ PaymentStatus: [{ Status: "ACCC" }] });
  });

  test("between two accounts here arrives at once", async () => {
    const [payer, payee] = [await world.accountOf(), await world.accountOf("amina")];
    const { SchemeName, Identification, Name } = {
      SchemeName: payee.scheme,
      Identification: payee.identification,
      Name: payee.holder,
    };
    const { body } = await world.pay(await domestic("75.00", { SchemeName, Identification, Name }));
    expect(body.Data.Status).toBe("ACCC");
    expect((await world.accountOf()).balance).toBe(payer.balance - 7_500n);
    expect((await world.accountOf("amina")).balance).toBe(payee.balance + 7_500n);
  });

  test("asked for by sixteen at once under one key is one payment, and every answer names it", async () => {
    const before = await world.accountOf();
    const [given, key] = [await domestic("10.00"), randomUUID()];
    const answers = await Promise.all(Array.from({ length: 16 }, () => world.pay(given, { key })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map(({ body }) => body.Data["DomesticPaymentId"])).size).toBe(1);
    expect((await world.accountOf()).balance).toBe(before.balance - 1_000n);
  });

  test("under sixteen keys at once uses its consent once", async () => {
    const before = await world.accountOf();
    const given = await domestic("11.00");
    const answers = await Promise.all(Array.from({ length: 16 }, () => world.pay(given)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const refused = answers.filter(({ status }) => status === 400);
    expect(refused).toHaveLength(15);
    expect(faults(refused[0]?.body)).toMatchObject([{ ErrorCode: "U009" }]);
    expect((await world.accountOf()).balance).toBe(before.balance - 1_100n);
  });

  test("with another body under the same key is refused", async () => {
    const key = randomUUID();
    expect((await world.pay(await domestic("1.00"), { key })).status).toBe(201);
    const other = await world.pay(await domestic("1.00"), { key });
    expect(other.status).toBe(400);
    expect(faults(other.body)).toMatchObject([{ ErrorCode: "U006", Path: "x-idempotency-key" }]);
  });

  test.each([
    { why: "is not the consent's", data: { Initiation: single("2.00") }, want: "U008" },
    { why: "names another consent", data: { ConsentId: "other" }, want: "U008" },
    { why: "has a member more", data: { More: 1 }, want: "U005" },
    { why: "holds half a character", data: { Initiation: { ...single("1.00"), x: "\ud800" } }, want: "U010" },
  ])("that $why is refused, and its consent is still there", async ({ data, want }) => {
    const given = await domestic("1.00");
    const { status, body } = await world.pay(given, { data });
    expect(status).toBe(400);
    expect(faults(body)).toMatchObject([{ ErrorCode: want }]);
    expect((await world.pay(given)).status).toBe(201);
  });

  test("of more than there is on the account is rejected and books nothing", async () => {
    const before = await world.accountOf();
    const { status, body } = await world.pay(await domestic("99999999.00"));
    expect(status).toBe(201);
    expect(body.Data).toMatchObject({ Status: "RJCT", StatusReason: [{ StatusReasonCode: "AM04" }] });
    expect((await world.accountOf()).balance).toBe(before.balance);
  });

  test.each([
    { amount: "9000.01", want: "RJCT", reason: "AC04", back: true },
    { amount: "9000.02", want: "RJCT", reason: "AC06", back: true },
    { amount: "9000.03", want: "ACWP", reason: undefined, back: false },
    { amount: "9000.04", want: "ACSC", reason: undefined, back: false },
    { amount: "9000.05", want: "ACSP", reason: "U034", back: false },
  ])("of $amount ends as $want", async ({ amount, want, reason, back }) => {
    const before = await world.accountOf();
    const { body } = await world.pay(await domestic(amount));
    await world.dispatch(NOW);
    const { Data } = (await world.look("domestic-payment", body.Data["DomesticPaymentId"])).body;
    expect(Data.Status).toBe(want);
    expect(Data.StatusReason?.[0]?.StatusReasonCode).toBe(reason);
    expect((await world.accountOf()).balance === before.balance).toBe(back);
  });

  test("that is risky waits or is refused; without a score small ones pass and are watched", async () => {
    const stranger = { ...PAYEE, Identification: "DE02120300000000202051" };
    const statusOf = async (amount: string) => (await world.pay(await domestic(amount, stranger))).body.Data;
    expect(await statusOf("9000.06")).toMatchObject({ Status: "PDNG" });
    expect(await statusOf("9000.07")).toMatchObject({
      Status: "RJCT",
      StatusReason: [{ StatusReasonCode: "FRAD" }],
    });
    expect(await statusOf("9000.08")).toMatchObject({ Status: "PDNG" });
    const small = await statusOf("20.08");
    expect(small.Status).toBe("ACSP");
    const [transfer] = await bank.payments.transfers(String(small["DomesticPaymentId"]));
    expect(transfer?.watched).toBe(true);
  });

  test("of another partner is as unknown as one that does not exist", async () => {
    const { body } = await world.pay(await domestic("1.00"));
    const id = body.Data["DomesticPaymentId"];
    for (const answer of [
      await world.look("domestic-payment", id, "ptn-00000000000000bb"),
      await world.look("domestic-payment", "none"),
      await world.look("domestic-scheduled-payment", id),
    ]) {
      expect(answer.status).toBe(400);
      expect(faults(answer.body)).toMatchObject([{ ErrorCode: "U011" }]);
    }
  });

  test("tells of itself and is recorded in its own transaction", async () => {
    const { body } = await world.pay(await domestic("3.00"));
    const id = body.Data["DomesticPaymentId"];
    const { rows } = await bank.database.query<{ type: string; payload: object; leaf: string }>(
      "select o.type, o.payload, l.leaf from outbox o join audit_leaf l on l.subject = o.subject where o.subject = $1",
      [id],
    );
    expect(rows).toMatchObject([
      {
        type: "payment.received",
        payload: { payment: id, status: "ACSP", resource: { type: "domestic-payment" } },
      },
    ]);
    const { initiationHash, ...told } = JSON.parse(rows[0]?.leaf ?? "") as Record<string, unknown>;
    expect(told).toEqual(rows[0]?.payload);
    expect(initiationHash).toMatch(/^[0-9a-f]{64}$/);
  });
});

test("money leaves once: what crashed after the hand-over is handed over again under the same id and epoch", async () => {
  const sent: { readonly id: string; readonly epoch: number }[] = [];
  await world.pay(await domestic("5.55"));
  const crashing = {
    send: async (order: { readonly id: string; readonly epoch: number }) => {
      sent.push(order);
      throw new Error("crashed");
    },
  };
  await world.dispatch(NOW, crashing);
  await world.dispatch(days(1));
  expect(sent.length).toBeGreaterThan(0);
  expect(sent.every(({ epoch }) => epoch >= 1)).toBe(true);
});

test("a scheduled payment waits for its date and is then paid once", async () => {
  const at = days(3);
  const given = await world.consented("domestic-scheduled-payment", {
    Initiation: { ...single("40.00"), RequestedExecutionDateTime: at.toISOString() },
  });
  const { body } = await world.pay(given);
  expect(body.Data).toMatchObject({ Status: "PDNG", ExpectedExecutionDateTime: at.toISOString() });
  const id = body.Data["DomesticScheduledPaymentId"];
  await world.carryOut(days(2));
  expect((await world.look("domestic-scheduled-payment", id)).body.Data.Status).toBe("PDNG");
  await Promise.all([world.carryOut(at), world.carryOut(at)]);
  await world.dispatch(at);
  expect((await world.look("domestic-scheduled-payment", id)).body.Data.Status).toBe("ACSC");
  const { body: details } = await world.look("domestic-scheduled-payment", id, undefined, "/payment-details");
  expect(details.Data).toMatchObject({ PaymentStatus: [{ PaymentTransactionId: id, Status: "ACCC" }] });
});

test("a payment that cannot be carried out is put off, and those behind it are paid", async () => {
  const scheduled = async (at: Date): Promise<string> => {
    const Initiation = { ...single("7.00"), RequestedExecutionDateTime: at.toISOString() };
    const { body } = await world.pay(await world.consented("domestic-scheduled-payment", { Initiation }));
    return String(body.Data["DomesticScheduledPaymentId"]);
  };
  const [spoilt, sound] = [await scheduled(days(4)), await scheduled(days(5))];
  const spoil = "update payments set initiation = initiation - 'InstructedAmount' where id = $1";
  await bank.database.query(spoil, [spoilt]);
  await expect(world.carryOut(days(6))).rejects.toThrow(`Payment ${spoilt} was not carried out`);
  await world.carryOut(days(6));
  expect((await bank.payments.find(sound))?.status).toBe("ACSP");
  expect(await bank.payments.find(spoilt)).toMatchObject({ status: "PDNG", runs: 0 });
  // It is tried again; here it must not stand in the way of the tests that follow.
  await bank.database.query("update payments set next_at = null where id = $1", [spoilt]);
});

test("a standing order pays each time it is due", async () => {
  const given = await world.consented("domestic-standing-order", {
    Initiation: {
      FirstPaymentAmount: { Amount: "10.00", Currency: "KES" },
      RecurringPaymentAmount: { Amount: "20.00", Currency: "KES" },
      FinalPaymentAmount: { Amount: "5.00", Currency: "KES" },
      NumberOfPayments: "3",
      CreditorAccount: PAYEE,
      MandateRelatedInformation: { FirstPaymentDateTime: days(1).toISOString(), Frequency: { Type: "WEEK" } },
    },
  });
  const { body } = await world.pay(given);
  expect(body.Data.Status).toBe("PDNG");
  const id = String(body.Data["DomesticStandingOrderId"]);
  await world.carryOut(days(100));
  expect((await bank.payments.transfers(id)).map(({ amount }) => amount)).toEqual([1_000n, 2_000n, 500n]);
  expect((await world.look("domestic-standing-order", id)).body.Data.Status).toBe("INCO");
  await world.look("domestic-standing-order", id, undefined, "/payment-details");
});

test("a file is paid line by line, and its report says what became of each", async () => {
  const { file, Initiation } = fileOf(single("1.10"), single("2.20"), single("88888888.00"));
  const { body } = await world.pay(await world.consented("file-payment", { Initiation }, { file }));
  expect(body.Data.Status).toBe("PDNG");
  const id = String(body.Data["FilePaymentId"]);
  await world.carryOut(days(100));
  await world.dispatch(days(100));
  expect((await world.look("file-payment", id)).body.Data.Status).toBe("INFA");
  const details = (await world.look("file-payment", id, undefined, "/payment-details")).body.Data;
  expect(details).toMatchObject({
    PaymentStatus: [{ Status: "ACCC" }, { Status: "ACCC" }, { Status: "RJCT" }],
  });
  const { body: report } = await world.look("file-payment", id, undefined, "/report-file");
  expect(report).toMatchObject({
    FilePaymentId: id,
    Payments: [{}, {}, { PaymentTransactionId: `${id}.3`, StatusReason: [{ StatusReasonCode: "AM04" }] }],
  });
});

describe("an international payment", () => {
  test("is exchanged without making or losing money", async () => {
    const before = await world.accountOf();
    const Initiation = { ...single("10.00", PAYEE, "EUR"), CurrencyOfTransfer: "EUR" };
    const { body } = await world.pay(await world.consented("international-payment", { Initiation }));
    expect(body.Data.Status).toBe("ACSP");
    const [transfer] = await bank.payments.transfers(String(body.Data["InternationalPaymentId"]));
    expect(transfer).toMatchObject({ currency: "KES", creditAmount: 1_000n, creditCurrency: "EUR" });
    expect((await world.accountOf()).balance).toBe(before.balance - (transfer?.amount ?? 0n));
    await world.look("international-payment", body.Data["InternationalPaymentId"]);
    await world.look(
      "international-payment",
      body.Data["InternationalPaymentId"],
      undefined,
      "/payment-details",
    );
  });

  test("at an agreed rate gets that rate", async () => {
    const Initiation = {
      ...single("1402.50"),
      CurrencyOfTransfer: "EUR",
      ExchangeRateInformation: {
        UnitCurrency: "EUR",
        RateType: "Agreed",
        ExchangeRate: 140.25,
        ContractIdentification: "fx-1",
      },
    };
    const { body } = await world.pay(await world.consented("international-payment", { Initiation }));
    expect(body.Data).toMatchObject({
      ExchangeRateInformation: { UnitCurrency: "EUR", ExchangeRate: 140.25, RateType: "Agreed" },
    });
    const [transfer] = await bank.payments.transfers(String(body.Data["InternationalPaymentId"]));
    expect(transfer).toMatchObject({ amount: 140_250n, creditCurrency: "EUR" });
    expect([999n, 1_000n]).toContain(transfer?.creditAmount);
  });

  test.each(["international-scheduled-payment", "international-standing-order"] as const)(
    "of kind %s is carried out when it is due",
    async (kind) => {
      const Initiation =
        kind === "international-standing-order"
          ? {
              InstructedAmount: { Amount: "7.00", Currency: "KES" },
              CurrencyOfTransfer: "USD",
              CreditorAccount: PAYEE,
              MandateRelatedInformation: {
                FirstPaymentDateTime: days(1).toISOString(),
                Frequency: { Type: "INDA" },
              },
            }
          : {
              ...single("7.00"),
              CurrencyOfTransfer: "USD",
              RequestedExecutionDateTime: days(1).toISOString(),
            };
      const { status, body } = await world.pay(await world.consented(kind, { Initiation }));
      expect(status).toBe(201);
      await world.carryOut(days(100));
      await world.dispatch(days(100));
      const name =
        kind === "international-standing-order"
          ? "InternationalStandingOrderId"
          : "InternationalScheduledPaymentId";
      const { Data } = (await world.look(kind, body.Data[name])).body;
      expect(Data.Status).toBe(kind === "international-standing-order" ? "INCO" : "ACCC");
      await world.look(kind, body.Data[name], undefined, "/payment-details");
    },
  );
});

describe("a variable recurring payment", () => {
  const limits = {
    Initiation: { CreditorAccount: PAYEE },
    ControlParameters: {
      MaximumIndividualAmount: { Amount: "100.00", Currency: "KES" },
      PeriodicLimits: [
        { PeriodType: "Month", PeriodAlignment: "Consent", Amount: "150.00", Currency: "KES" },
      ],
    },
  };
  const recurring = (amount: string) => ({
    PSUAuthenticationMethod: "UK.OBIE.SCANotRequired",
    VRPType: "UK.OBIE.VRPType.Sweeping",
    Instruction: single(amount),
  });

  test("is paid again and again within its limits; one that was given back does not count", async () => {
    const given = await world.consented("domestic-vrp", limits);
    const pay = (amount: string) => world.pay(given, { data: recurring(amount) });
    const first = await pay("90.00");
    expect(first).toMatchObject({ status: 201, body: { Data: { Status: "ACSP" } } });
    const over = await pay("90.00");
    expect(over.status).toBe(400);
    expect(faults(over.body)).toMatchObject([{ ErrorCode: "U014" }]);
    const id = first.body.Data["DomesticVRPId"];
    await world.dispatch(NOW, { send: async () => ({ status: "RJCT", reason: "AC04" }) });
    expect((await world.look("domestic-vrp", id)).body.Data.Status).toBe("RJCT");
    await world.look("domestic-vrp", id, undefined, "/payment-details");
    expect((await pay("90.00")).status).toBe(201);
  });

  test("may be preceded by a question whether there is money enough", async () => {
    const { id, context } = await world.consented("domestic-vrp", limits);
    const ask = (Amount: string) =>
      bank.send<{ readonly Data: unknown }>({
        method: "POST",
        path: `/open-banking/v4.0/pisp/domestic-vrp-consents/${id}/funds-confirmation`,
        payload: { Data: { ConsentId: id, InstructedAmount: { Amount, Currency: "KES" } } },
        context,
      });
    expect(await ask("1.00")).toMatchObject({
      status: 201,
      body: { Data: { FundsAvailableResult: { FundsAvailable: "Available" } } },
    });
    expect(await ask("99999999.00")).toMatchObject({
      body: { Data: { FundsAvailableResult: { FundsAvailable: "NotAvailable" } } },
    });
  });
});

describe("whether there is money enough", () => {
  test.each(["domestic-payment", "international-payment", "international-scheduled-payment"] as const)(
    "is answered for a consent of kind %s",
    async (kind) => {
      for (const [amount, want] of [
        ["1.00", true],
        ["99999999.00", false],
      ] as const) {
        const { id, context } = await world.consented(kind, { Initiation: single(amount) });
        const path = `/open-banking/v4.0/pisp/${kind}-consents/${id}/funds-confirmation`;
        const { status, body } = await bank.send({ path, context });
        expect(status).toBe(200);
        expect(body).toMatchObject({ Data: { FundsAvailableResult: { FundsAvailable: want } } });
      }
    },
  );

  test("is answered to a card issuer", async () => {
    const { id, context } = await world.consented("funds-confirmation", { DebtorAccount: PAYEE });
    const payload = {
      Data: { ConsentId: id, Reference: "r-1", InstructedAmount: { Amount: "1.00", Currency: "KES" } },
    };
    const answer = await bank.send({
      method: "POST",
      path: "/open-banking/v4.0/cbpii/funds-confirmations",
      payload,
      context,
    });
    expect(answer).toMatchObject({ status: 201, body: { Data: { FundsAvailable: true, Reference: "r-1" } } });
    const other = await bank.send({
      method: "POST",
      path: "/open-banking/v4.0/cbpii/funds-confirmations",
      payload: { Data: { ...payload.Data, ConsentId: "other" } },
      context,
    });
    expect(faults(other.body)).toMatchObject([{ ErrorCode: "U008" }]);
  });
});

test("whatever is paid, in whatever order it is done, no money is made or lost", async () => {
  const amounts = fc.record({
    amount: fc.integer({ min: 1, max: 2_000_000 }).map((minor) => (minor / 100).toFixed(2)),
    username: fc.constantFrom("wanjiru", "otieno"),
    currency: fc.constantFrom("KES", "EUR", "JPY"),
    home: fc.boolean(),
  });
  const property = fc.asyncProperty(fc.array(amounts, { minLength: 1, maxLength: 8 }), async (list) => {
    const payee = await world.accountOf("amina");
    const here = { SchemeName: payee.scheme, Identification: payee.identification, Name: payee.holder };
    const given = await Promise.all(
      list.map(({ amount, username, currency, home }) => {
        const Initiation = {
          ...single(
            currency === "JPY" ? String(Math.ceil(Number(amount))) : amount,
            home ? here : PAYEE,
            currency,
          ),
          CurrencyOfTransfer: home ? "KES" : currency,
        };
        return world.consented("international-payment", { Initiation }, { username });
      }),
    );
    const answers = await Promise.all(given.map((each) => world.pay(each)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    await world.dispatch(NOW);
    expect(await world.unconserved()).toEqual([]);
  });
  await fc.assert(property, { numRuns: 12 });
});

test("nobody can change what was recorded, nor payments by the role that seeds", async () => {
  await expect(asRole(bank.stack, "banking", (query) => query("delete from payments"))).rejects.toThrow(
    /permission denied/,
  );
  await expect(
    asRole(bank.stack, "banking", (query) => query("update audit_leaf set leaf = ''")),
  ).rejects.toThrow(/permission denied/);
  await expect(
    asRole(bank.stack, "seed", (query) => query("update payments set status = 'ACCC'")),
  ).rejects.toThrow(/permission denied/);
});

const definitions = (["payment-initiation", "vrp", "confirmation-funds"] as const).map((name) => ({
  check: obukDefinitions(name),
  operations: obukOperations(name) ?? [],
}));

test.skipIf(definitions.some(({ check }) => check === undefined))(
  "every answer above is what the definitions say, and every operation gave one",
  () => {
    const missing: string[] = [];
    const wrong: string[] = [];
    for (const { check, operations } of definitions) {
      for (const { method, path, responses } of operations) {
        if (check === undefined || path.endsWith("-consents") || /-consents\/\{\w+\}(\/file)?$/.test(path))
          continue;
        const shape = new RegExp(`^/open-banking/v4.0${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`);
        const given = bank.answers.filter((each) => each.method === method && shape.test(each.path));
        if (!given.some(({ status }) => status < 300)) missing.push(`${method} ${path}`);
        for (const { status, body } of given) {
          const schema = responses[String(status)];
          // The definitions' word for a file is an object without members: it stands for bytes.
          if (path.endsWith("-file")) continue;
          if (schema === undefined) wrong.push(`${method} ${path}: ${status} is not defined`);
          else if (schema !== "")
            wrong.push(...check(schema, body).map((fault) => `${method} ${path} ${status}: ${fault}`));
        }
      }
    }
    expect({ missing, wrong: [...new Set(wrong)] }).toEqual({ missing: [], wrong: [] });
  },
);
