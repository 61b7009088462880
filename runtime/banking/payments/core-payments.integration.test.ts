import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { until } from "../../../local/wait.ts";
import { BERLIN_GROUP_PATH } from "../../service/berlin-group.ts";
import { createLog } from "../../service/logger.ts";
import { AISP_PATH } from "../account-routes.ts";
import { httpCore } from "../http-core.ts";
import { EVERYTHING, NOW, startBank, type TestBank } from "../testing/bank.ts";
import { startCoreServer, type CoreServer } from "../testing/core-server.ts";
import { fileOf, PAYEE, paying, single } from "../testing/paying.ts";
import { ledgerBookings } from "../testing/small-core.ts";
import type { BookingAnswer, Bookings } from "./bookings.ts";
import { bookNext, dispatchNext } from "./dispatch.ts";
import { httpBookings } from "./http-ports.ts";
import type { PaymentKind } from "./kinds.ts";
import { createPayments } from "./payments.ts";
import { fixedRates } from "./rates.ts";
import { createSandboxScheme, sandboxFraud } from "./sandbox.ts";
import type { Scheme, SchemeAnswer } from "./scheme.ts";

const log = createLog("test", { level: "silent" });
const sandboxScheme = createSandboxScheme();
/** Two databases start; this is for a machine that has other work, in ms. */
const PATIENCE_MS = 300_000;
/** The bank, whose core has customers and books, and the platform, whose own books are empty. */
let core: TestBank;
let server: CoreServer;
let books: Bookings;
let platform: TestBank;
let world: ReturnType<typeof paying>;
beforeAll(async () => {
  core = await startBank();
  server = await startCoreServer(core, await ledgerBookings(core));
  books = httpBookings(server.upstream);
  platform = await startBank(undefined, httpCore(server.upstream, log));
  world = paying(platform);
}, PATIENCE_MS);
afterEach(async () => {
  server.breakWith(undefined);
  expect(await paying(core).unconserved()).toEqual([]);
  expect(await disagreements()).toEqual([]);
});
afterAll(async () => {
  await platform.stop();
  await server.stop();
  await core.stop();
});

/** Transfers that stand otherwise here than in the books of the core. */
async function disagreements(): Promise<readonly object[]> {
  const { rows: transfers } = await platform.database.query<{ readonly id: string; readonly status: string }>(
    "select id, status from transfers",
  );
  const { rows: entries } = await core.database.query<{ readonly reference: string }>(
    "select reference from entries where reference ~ '^[a-z]+-[0-9a-f]{32}'",
  );
  const booked = new Set(entries.map(({ reference }) => reference));
  const known = transfers.map(({ id }) => id);
  const unknown = [...booked].filter((reference) => !known.includes(reference.replace(/\/return$/, "")));
  const wrong = transfers.filter(({ id, status }) => {
    const [out, back] = [booked.has(id), booked.has(`${id}/return`)];
    if (status === "RJCT") return out !== back;
    // Between the core's answer and its keeping it may be booked already; these tests leave none there.
    return status === "PDNG" ? out : !out || back;
  });
  return [...wrong, ...unknown.map((reference) => ({ reference }))];
}

const later = (minutes: number): Date => new Date(NOW.getTime() + minutes * 60_000);
const pay = async (amount: string, payee?: object): Promise<string> => {
  const given = await world.consented("domestic-payment", { Initiation: single(amount, payee) });
  const { status, body } = await world.pay(given);
  expect({ status, Status: body.Data.Status }).toEqual({ status: 201, Status: "PDNG" });
  return String(body.Data["DomesticPaymentId"]);
};
const stands = async (id: unknown, kind: PaymentKind = "domestic-payment"): Promise<readonly unknown[]> => {
  const { Data } = (await world.look(kind, id)).body;
  return [Data.Status, Data.StatusReason?.[0]?.StatusReasonCode];
};
const balance = async (): Promise<bigint> => (await world.accountOf()).balance;

describe("a payment whose books are another core's", () => {
  test("waits until the core has booked it, and only then goes to the payee's bank", async () => {
    const before = await balance();
    const id = await pay("120.50");
    expect((await world.look("domestic-payment", id)).body.Data).toMatchObject({
      Debtor: { Identification: (await world.accountOf()).identification },
    });
    const sent: string[] = [];
    const scheme: Scheme = {
      send: (remittance) => {
        sent.push(remittance.id);
        return sandboxScheme.send(remittance);
      },
    };
    await world.dispatch(later(1), scheme);
    expect([await stands(id), sent, await balance()]).toEqual([["PDNG", "U031"], [], before]);
    await world.book(later(1), books);
    expect([await stands(id), sent, await balance()]).toEqual([["ACSP", "U034"], [], before - 12_050n]);
    await world.dispatch(later(1), scheme);
    expect([await stands(id), sent]).toEqual([["ACCC", undefined], [id]]);
    const { rows } = await platform.database.query<{ readonly told: string }>(
      "select payload->>'status' as told from outbox where subject = $1 order by id",
      [id],
    );
    expect(rows.map(({ told }) => told)).toEqual(["PDNG", "ACSP", "ACCC"]);
  });

  test("between two accounts of the bank has arrived when it is booked", async () => {
    const { scheme, identification, holder } = await world.accountOf("amina");
    const id = await pay("75.00", {
      SchemeName: scheme,
      Identification: identification,
      Name: holder,
    });
    await world.book(NOW, books);
    expect(await stands(id)).toEqual(["ACCC", undefined]);
  });

  test("that the core refuses is rejected with its reason, and nothing leaves", async () => {
    const before = await balance();
    const id = await pay("99999999.00");
    await world.book(NOW, books);
    await world.dispatch(NOW);
    expect([await stands(id), await balance()]).toEqual([["RJCT", "AM04"], before]);
  });

  test("that another bank refuses stays debited until the core has given it back", async () => {
    const before = await balance();
    const id = await pay("9000.01");
    await world.book(NOW, books);
    await world.dispatch(NOW);
    expect([await stands(id), await balance()]).toEqual([["ACSP", "U034"], before - 900_001n]);
    await world.book(NOW, books);
    expect([await stands(id), await balance()]).toEqual([["RJCT", "AC04"], before]);
  });

  test("that another bank has taken is not given back, though that bank refuses it later", async () => {
    const before = await balance();
    const id = await pay("7.77");
    await world.book(NOW, books);
    await world.dispatch(NOW, { send: async () => ({ status: "ACWP" }) });
    const refusing: Scheme = { send: async () => ({ status: "RJCT", reason: "AC04" }) };
    const contradictions = world.contradictions.length;
    await world.dispatch(later(1), refusing);
    await world.book(later(1), books);
    expect([await stands(id), await balance()]).toEqual([["ACWP", undefined], before - 777n]);
    expect(world.contradictions.slice(contradictions)).toEqual(["scheme"]);
    await world.dispatch(later(10), { send: async () => ({ status: "ACCC" }) });
    expect(await stands(id)).toEqual(["ACCC", undefined]);
  });

  test("is in doubt while there is no answer: never failed, never booked twice", async () => {
    const before = await balance();
    const id = await pay("5.55");
    const unheard: Bookings = {
      ...books,
      book: async (booking) => {
        await books.book(booking);
        throw new Error("the line broke");
      },
    };
    await world.book(NOW, unheard);
    expect([(await stands(id))[0], await balance()]).toEqual(["PDNG", before - 555n]);
    for (const minutes of [1, 10, 100]) await world.book(later(minutes), unheard);
    expect(await stands(id)).toEqual(["PDNG", "U031"]);
    await world.book(later(1_000), books);
    expect([await stands(id), await balance()]).toEqual([["ACSP", "U034"], before - 555n]);
    await world.dispatch(later(1_000));
  });

  test("is not taken back to where it was by an answer that comes late", async () => {
    const before = await balance();
    const id = await pay("9000.01");
    const { promise: others, resolve: release } = Promise.withResolvers<void>();
    const slow: Bookings = { ...books, book: (booking) => met("late", () => books.book(booking), others) };
    await flush();
    const late = bookNext({ ...world.dispatching, core: slow }, NOW);
    // Asked again meanwhile, by another pod: booked, refused by the payee's bank, and on its way back.
    await until(async () => (await balance()) < before, { timeout: 30_000, what: "the first booking" });
    await world.book(later(1), books);
    await world.dispatch(later(1));
    release();
    expect(await late).toBe(true);
    expect(await stands(id)).toEqual(["ACSP", "U034"]);
    await world.book(later(1), books);
    expect([await stands(id), await balance()]).toEqual([["RJCT", "AC04"], before]);
  });

  test("that the core booked stays booked, though the core says late that it refused it", async () => {
    const id = await pay("6.66");
    const { promise: others, resolve: release } = Promise.withResolvers<void>();
    const fickle: Bookings = {
      ...books,
      book: async (booking) => {
        await books.book(booking);
        await others;
        return { status: "RJCT", reason: "AM04" };
      },
    };
    await flush();
    const before = await balance();
    const late = bookNext({ ...world.dispatching, core: fickle }, NOW);
    await until(async () => (await balance()) < before, { timeout: 30_000, what: "the first booking" });
    await world.book(later(1), books);
    const contradictions = world.contradictions.length;
    release();
    expect(await late).toBe(true);
    expect(await stands(id)).toEqual(["ACSP", "U034"]);
    expect(world.contradictions.slice(contradictions)).toEqual(["core"]);
    await world.dispatch(later(1));
    expect(await stands(id)).toEqual(["ACCC", undefined]);
  });

  test.each([
    ["refused", "6.67", { status: "RJCT", reason: "AM04" }, ["RJCT", "AM04"]],
    ["booked for a payee of its own", "6.68", undefined, ["ACCC", undefined]],
  ] as const)(
    "that the core %s stays so, though it says late that it goes to another bank",
    async (...row) => {
      const [, amount, refusal, want] = row;
      const { scheme, identification, holder } = await world.accountOf("amina");
      const id = await pay(amount, { SchemeName: scheme, Identification: identification, Name: holder });
      const asked = Promise.withResolvers<void>();
      const told = Promise.withResolvers<BookingAnswer>();
      const fickle: Bookings = {
        ...books,
        book: () => {
          asked.resolve();
          return told.promise;
        },
      };
      await flush();
      const late = bookNext({ ...world.dispatching, core: fickle }, NOW);
      await Promise.race([asked.promise, late]);
      await world.book(later(1), refusal === undefined ? books : { ...books, book: async () => refusal });
      const contradictions = world.contradictions.length;
      told.resolve({ status: "ACSP" });
      expect(await late).toBe(true);
      expect(await stands(id)).toEqual(want);
      expect(world.contradictions.slice(contradictions)).toEqual(["core"]);
    },
  );

  test("of an order that ended with its account has failed, though money of it arrives late", async () => {
    const first = later(24 * 60);
    const given = await world.consented("domestic-standing-order", {
      Initiation: {
        FirstPaymentAmount: { Amount: "10.00", Currency: "KES" },
        RecurringPaymentAmount: { Amount: "20.00", Currency: "KES" },
        CreditorAccount: PAYEE,
        MandateRelatedInformation: {
          FirstPaymentDateTime: first.toISOString(),
          Frequency: { Type: "WEEK" },
        },
      },
    });
    const { body } = await world.pay(given);
    const id = String(body.Data["DomesticStandingOrderId"]);
    await world.carryOut(first);
    const { database } = platform;
    const gone = { accountsOf: async () => [] };
    const payments = createPayments({ database, fraud: sandboxFraud, rates: fixedRates, core: gone });
    while (await payments.carryOutNext(later(9 * 24 * 60)));
    expect(await stands(id, "domestic-standing-order")).toEqual(["INFA", "AC05"]);
    await world.book(later(9 * 24 * 60), books);
    await world.dispatch(later(9 * 24 * 60));
    expect((await platform.payments.transfers(id)).map(({ status }) => status)).toEqual(["ACCC"]);
    expect(await stands(id, "domestic-standing-order")).toEqual(["INFA", "AC05"]);
  });

  test("that looks risky is kept from the core", async () => {
    const id = await pay("9000.06");
    await world.book(later(1), { ...books, book: () => Promise.reject(new Error(id)) });
    const { count } = await platform.database.query("select from outgoing where transfer = $1", [id]);
    expect(count).toBe(0);
  });

  test("is taken while the core is away, told without its payer's name, and carried out later", async () => {
    server.breakWith({ status: 503, body: {} });
    const id = await pay("8.00");
    expect((await world.look("domestic-payment", id)).body.Data).not.toHaveProperty("Debtor");
    await expect(world.carryOut(NOW)).rejects.toThrow(id);
    server.breakWith(undefined);
    await world.carryOut(later(2));
    await world.book(later(2), books);
    expect(await stands(id)).toEqual(["ACSP", "U034"]);
    await world.dispatch(later(2));
  });

  test("from an account that the core does not have any more is rejected at its date", async () => {
    const at = later(24 * 60);
    const Initiation = { ...single("4.00"), RequestedExecutionDateTime: at.toISOString() };
    const { body } = await world.pay(await world.consented("domestic-scheduled-payment", { Initiation }));
    const { database } = platform;
    const gone = { accountsOf: async () => [] };
    const payments = createPayments({ database, fraud: sandboxFraud, rates: fixedRates, core: gone });
    while (await payments.carryOutNext(at));
    expect(await stands(body.Data["DomesticScheduledPaymentId"], "domestic-scheduled-payment")).toEqual([
      "RJCT",
      "AC05",
    ]);
  });

  test("of many parts is booked part by part", async () => {
    const { file, Initiation } = fileOf(single("1.10"), single("2.20"), single("88888888.00"));
    const { body } = await world.pay(await world.consented("file-payment", { Initiation }, { file }));
    const id = String(body.Data["FilePaymentId"]);
    await world.carryOut(later(3));
    expect((await stands(id, "file-payment"))[0]).toBe("PDNG");
    await world.book(later(3), books);
    await world.dispatch(later(3));
    expect((await stands(id, "file-payment"))[0]).toBe("INFA");
    expect((await platform.payments.transfers(id)).map(({ status }) => status)).toEqual([
      "ACCC",
      "ACCC",
      "RJCT",
    ]);
  });

  test("of which a part cannot be read has not wholly succeeded when the others arrive", async () => {
    const { file, Initiation } = fileOf(single("1.30"), {});
    const { body } = await world.pay(await world.consented("file-payment", { Initiation }, { file }));
    const id = body.Data["FilePaymentId"];
    await world.carryOut(later(4));
    expect((await stands(id, "file-payment"))[0]).toBe("INFA");
    await world.book(later(4), books);
    await world.dispatch(later(4));
    expect((await stands(id, "file-payment"))[0]).toBe("INFA");
  });

  test("that recurs gives back its use when the core refuses it", async () => {
    const given = await world.consented("domestic-vrp", {
      Initiation: { CreditorAccount: PAYEE },
      ControlParameters: {
        MaximumIndividualAmount: { Amount: "99999999.00", Currency: "KES" },
        PeriodicLimits: [
          { PeriodType: "Month", PeriodAlignment: "Consent", Amount: "99999999.00", Currency: "KES" },
        ],
      },
    });
    const once = () =>
      world.pay(given, {
        data: {
          PSUAuthenticationMethod: "UK.OBIE.SCANotRequired",
          VRPType: "UK.OBIE.VRPType.Sweeping",
          Instruction: single("99999999.00"),
        },
      });
    expect((await once()).status).toBe(201);
    expect((await once()).status).toBe(400);
    await world.book(NOW, books);
    expect((await once()).status).toBe(201);
    await world.book(NOW, books);
  });
});

describe("while the core is away", () => {
  test.each([
    { why: "it answers with an error", fault: { status: 500, body: {} } as const },
    { why: "it says that there is nothing", fault: { status: 404, body: {} } as const },
  ])("reads are refused for now in the words of each dialect: $why", async ({ fault }) => {
    server.breakWith(fault);
    for (const path of ["accounts", "balances", "transactions", "party"]) {
      const { status, body } = await platform.read("wanjiru", `${AISP_PATH}/${path}`, {
        permissions: [...EVERYTHING, "ReadPartyPSU"],
      });
      expect({ status, body }).toMatchObject({ status: 503, body: { Errors: [{ ErrorCode: "U042" }] } });
    }
    expect(platform.answers.at(-1)?.headers["retry-after"]).toBe("5");
    const { customer, accounts } = platform.home("wanjiru");
    const berlin = await platform.send({
      path: `${BERLIN_GROUP_PATH}/accounts`,
      headers: { "consent-id": "c-1", "x-request-id": "4f1f6f2e-97a4-4b22-8d3c-0c7d3ab3c1de" },
      context: {
        customer,
        consentId: "c-1",
        consent: { permissions: EVERYTHING, accounts: [...accounts], historyDays: 90 },
      },
    });
    expect([berlin.status, berlin.body]).toEqual([503, ""]);
    const login = { username: "wanjiru", password: "sandbox-wanjiru" };
    expect((await platform.call("oauth", "POST", "/internal/login", login)).status).toBe(503);
  });
});

/** What can happen to a call, or to whoever makes it; a late answer comes when others have been given. */
const FATES = ["fine", "lost", "unheard", "twice", "late", "crashed"] as const;
type Fate = (typeof FATES)[number];

/** A call that meets a fate; `crashed` meets its caller afterwards. */
async function met<T>(fate: Fate, call: () => Promise<T>, others: Promise<void>): Promise<T> {
  if (fate === "lost") throw new Error("lost on its way");
  const answer = await call();
  if (fate === "twice") return call();
  if (fate === "unheard") throw new Error("the answer was lost");
  if (fate === "late") await others;
  return answer;
}

/** Makes the log safe, as it is soon on a server that is not in a hurry: what is not safe is not handed over. */
function flush(): Promise<void> {
  return platform.database.transaction(async (tx) => {
    await tx.query("set local synchronous_commit = on");
    await tx.query("select pg_logical_emit_message(true, 'test', '')");
  });
}

/** Hands money to both receivers once; some answers, and whoever waits for them, meet their fates. */
function handOver(now: Date, fates: Record<"core" | "scheme", Fate>, others: Promise<void>) {
  const databaseOf = (fate: Fate) =>
    fate === "crashed"
      ? { ...platform.database, transaction: () => Promise.reject(new Error("crashed")) }
      : platform.database;
  const disturbed: Bookings = {
    book: (booking) => met(fates.core, () => books.book(booking), others),
    giveBack: (back) => met(fates.core, () => books.giveBack(back), others),
  };
  const scheme: Scheme = {
    send: (remittance) => met(fates.scheme, () => sandboxScheme.send(remittance), others),
  };
  return [
    {
      late: fates.core === "late",
      done: bookNext({ ...world.dispatching, database: databaseOf(fates.core), core: disturbed }, now),
    },
    {
      late: fates.scheme === "late",
      done: dispatchNext({ ...world.dispatching, database: databaseOf(fates.scheme), scheme }, now),
    },
  ];
}

test(
  "whatever is lost, late, repeated or crashes, the core books each payment once and both say the same",
  async () => {
    const { scheme: SchemeName, identification, holder } = await world.accountOf("amina");
    const own = { SchemeName, Identification: identification, Name: holder };
    const payment = fc.oneof(
      fc.record({ amount: fc.constantFrom("1.00", "88888888.00"), home: fc.boolean() }),
      fc.record({ amount: fc.constant("9000.01"), home: fc.constant(false) }),
    );
    const fates = fc.record({ core: fc.constantFrom(...FATES), scheme: fc.constantFrom(...FATES) });
    let minutes = 10_000;
    const property = fc.asyncProperty(
      fc.array(payment, { minLength: 1, maxLength: 3 }),
      fc.array(fates, { maxLength: 8 }),
      async (payments, rounds) => {
        const ids = await Promise.all(
          payments.map(({ amount, home }) => pay(amount, home ? own : undefined)),
        );
        const { promise: others, resolve: release } = Promise.withResolvers<void>();
        const late: Promise<boolean>[] = [];
        for (const round of rounds) {
          await flush();
          // Each waits longer than any try is put off: whoever has no answer yet is asked again.
          const handed = handOver(later((minutes += 10)), round, others);
          late.push(...handed.flatMap((each) => (each.late ? [each.done] : [])));
          await Promise.allSettled(handed.flatMap((each) => (each.late ? [] : [each.done])));
        }
        release();
        await Promise.allSettled(late);
        for (let more = true; more;) {
          await flush();
          const handed = handOver(later((minutes += 10)), { core: "fine", scheme: "fine" }, others);
          more = (await Promise.all(handed.map(({ done }) => done))).includes(true);
        }
        expect(await disagreements()).toEqual([]);
        const want = payments.map(({ amount }) => (amount === "1.00" ? "ACCC" : "RJCT"));
        const found = await Promise.all(ids.map((id) => platform.payments.find(id)));
        expect(found.map((each) => each?.status)).toEqual(want);
      },
    );
    await fc.assert(property, { numRuns: 8 });
  },
  PATIENCE_MS,
);

/** What a scheme that contradicts itself may say. */
const SAID: readonly SchemeAnswer[] = [
  { status: "ACSC" },
  { status: "ACWP" },
  { status: "ACCC" },
  { status: "BLCK" },
  { status: "RJCT", reason: "AC04" },
];

test(
  "whatever a scheme says to pods that ask at once, in whatever order they hear it: money ends, once, and what ended stays",
  async () => {
    let minutes = 100_000;
    const orders = fc.array(fc.constantFrom(...SAID), { minLength: 2, maxLength: 4 }).chain((said) =>
      fc.record({
        said: fc.constant(said),
        heard: fc.shuffledSubarray([...said.keys()], { minLength: said.length }),
      }),
    );
    await world.dispatch(later(minutes), { send: async () => ({ status: "ACCC" }) });
    const property = fc.asyncProperty(orders, async ({ said, heard }) => {
      const id = await pay("3.33");
      await world.book(later((minutes += 10)), books);
      const pods: { readonly hear: () => void; readonly done: Promise<boolean> }[] = [];
      for (const answer of said) {
        await flush();
        const asked = Promise.withResolvers<void>();
        const told = Promise.withResolvers<SchemeAnswer>();
        const scheme: Scheme = {
          send: () => {
            asked.resolve();
            return told.promise;
          },
        };
        // Each waits longer than any try is put off: the next pod asks while this one has no answer.
        const done = dispatchNext({ ...world.dispatching, scheme }, later((minutes += 10)));
        await Promise.race([asked.promise, done]);
        pods.push({ hear: () => told.resolve(answer), done });
      }
      for (const nth of heard) {
        pods[nth]?.hear();
        expect(await pods[nth]?.done).toBe(true);
      }
      for (let n = 0; n < 3; n += 1) {
        await flush();
        await world.book(later((minutes += 10)), books);
        await world.dispatch(later(minutes), { send: async () => ({ status: "ACCC" }) });
      }
      expect(await disagreements()).toEqual([]);
      const { rows } = await platform.database.query<{ readonly told: string }>(
        "select payload->>'status' as told from outbox where subject = $1 order by id",
        [id],
      );
      const history = rows.map(({ told }) => told);
      const ends = ["ACCC", "BLCK", "RJCT", "ACSC"];
      expect(ends).toContain(history.at(-1));
      expect(history.filter((status) => ends.slice(0, 3).includes(status)).length).toBeLessThan(2);
      const first = said[heard[0] ?? 0]?.status ?? "";
      const fate = ["RJCT", "BLCK"].includes(first) ? [first] : ["ACCC", "BLCK", "ACSC"];
      expect(fate).toContain(history.at(-1));
    });
    await fc.assert(property, { numRuns: 12 });
  },
  PATIENCE_MS,
);
