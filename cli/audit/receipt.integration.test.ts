import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { disputePack } from "../../runtime/audit/pack.ts";
import { announceWrappingKey, shred } from "../../runtime/audit/personal.ts";
import { startLog, type TestLog } from "../../runtime/audit/testing/audit-log.ts";
import type { Payment } from "../../runtime/banking/payments/payment.ts";
import { findPayment, insertPayment, updatePayment } from "../../runtime/banking/payments/store.ts";
import {
  OTHERS,
  OURS,
  startConsents,
  type TestConsents,
} from "../../runtime/consent/testing/consent-service.ts";
import { daysAfter, NOON } from "../../runtime/consent/testing/consents.ts";
import { REQUESTS } from "../../runtime/consent/testing/requests.ts";
import { asRole } from "../../runtime/database/testing/stack-database.ts";
import { newKeyPair } from "../../runtime/service/hpke.ts";
import { pairWrapping } from "../../runtime/service/wrapping.ts";
import { createLog } from "../../runtime/service/logger.ts";
import { createDatabase, type Database } from "../../runtime/service/postgres.ts";
import { logKey } from "./note.ts";
import { type PackVerdict, verifyPack } from "./verify-pack.ts";
import { readReceipt, verifyReceipt } from "./verify-receipt.ts";

const CUSTOMER = "cus-amina";

let log: TestLog;
let consents: TestConsents;
let banking: Database;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "receipt-"));
  log = await startLog();
  consents = await startConsents({ stack: log.stack, database: log.consent, prefix: "r-" });
  banking = createDatabase({
    config: log.stack.database,
    user: "banking",
    identity: await log.stack.identity("banking"),
    log: createLog("banking", { level: "silent" }),
  });
  await asRole(log.stack, "seed", async (query) => {
    await query("insert into customers (id, name, created_at) values ($1, 'Amina', $2)", [CUSTOMER, NOON]);
    await query(
      `insert into accounts (id, customer, currency, category, type_code, description, holder, scheme, identification,
         status, status_updated_at, opened_at)
       values ('acc-1', $1, 'KES', 'Personal', 'CACC', 'Everyday', 'Amina', 'UK.OBIE.BBAN', '1', 'Enabled', $2, $2)`,
      [CUSTOMER, NOON],
    );
  });
  await log.write("aac-another", 30);
});
afterAll(async () => {
  await banking?.close();
  await consents?.stop();
  await log?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** What a partner is answered, and what a customer is. */
const asPartner = (id: string, client = OURS) => consents.asPartner("GET", `/receipts/v1/${id}`, { client });
const asCustomer = (id: string, customer = CUSTOMER) =>
  consents.asService("GET", `/internal/customers/${customer}/receipts/${id}`);

function verdictOn(body: object): PackVerdict {
  return verifyReceipt(readReceipt(JSON.stringify(body)), logKey(log.signer.verifierKey));
}
const eventsOf = ({ events }: PackVerdict): readonly string[] => events.map(({ type }) => type);
const textsOf = ({ texts }: PackVerdict): readonly string[] => texts.map(({ name }) => name);

/** Takes a payment in under a consent, as banking does: in one transaction with its use. */
async function pay(consentId: string): Promise<Payment> {
  const { Initiation: initiation } = REQUESTS["domestic-payment"].Data as unknown as {
    readonly Initiation: Payment["initiation"];
  };
  const payment: Payment = {
    id: `pay-of-${consentId}`,
    kind: "domestic-payment",
    clientId: OURS,
    consentId,
    customer: CUSTOMER,
    account: "acc-1",
    initiation,
    instruction: undefined,
    risk: {},
    status: "PDNG",
    reason: undefined,
    createdAt: NOON,
    statusAt: NOON,
    nextAt: undefined,
    runs: 0,
  };
  await banking.transaction(async (tx) => {
    await tx.query("select consent.use($1, $2, $3, null, $4, $5)", [
      consentId,
      OURS,
      initiation,
      payment.id,
      NOON,
    ]);
    await insertPayment(tx, payment);
  });
  return payment;
}

describe("the receipt of a consent", () => {
  test("is promised until its checkpoint is signed, and never handed out before", async () => {
    const id = await consents.authorised();
    expect(await asPartner(id)).toEqual({ status: 202, body: {} });
    await log.sequenceAll();
    const first = await asPartner(id);
    expect(eventsOf(verdictOn(first.body))).toEqual(["consent.requested", "consent.authorised"]);

    await consents.asService("POST", `/internal/consents/${id}/withdraw`, { customer: CUSTOMER });
    expect(await asPartner(id)).toEqual({ status: 202, body: {} });
    await log.sequenceAll();
    const { faults, ...verdict } = verdictOn((await asPartner(id)).body);
    expect(faults).toEqual([]);
    expect(eventsOf(verdict as PackVerdict)).toEqual([
      "consent.requested",
      "consent.authorised",
      "consent.withdrawn",
    ]);
    expect(verdict.events.at(-1)?.said).toMatchObject({
      consent: id,
      state: "CANC",
      permissions: expect.any(Array),
    });
    // The earlier one is worth what it was.
    expect(verdictOn(first.body).faults).toEqual([]);
  });

  test("has for the partner what it sent, and for the customer what she was shown too", async () => {
    const id = await consents.asked();
    const yes = {
      customer: CUSTOMER,
      accounts: ["acc-1"],
      grantId: "g-9",
      shown: "Amina, may Acme read Everyday?",
    };
    const sca = { method: "otp", at: NOON.toISOString() };
    await consents.asService("POST", `/internal/consents/${id}/authorise`, { ...yes, sca });
    await log.sequenceAll();
    expect(textsOf(verdictOn((await asPartner(id)).body))).toEqual(["what was asked for"]);
    expect(JSON.stringify(await asPartner(id))).not.toContain("Everyday");
    const hers = verdictOn((await asCustomer(id)).body);
    expect(hers.faults).toEqual([]);
    expect(hers.texts.map(({ text }) => text)).toContain(yes.shown);
  });

  test("of another partner's or another customer's is as unknown as one of nothing", async () => {
    const id = await consents.authorised();
    await log.sequenceAll();
    const none = await asPartner("aac-nothing");
    expect(none).toMatchObject({ status: 400, body: { type: "urn:openbanking:problem:ReceiptUnknown" } });
    expect(await asPartner(id, OTHERS)).toEqual(none);
    expect(await asCustomer(id, "cus-brian")).toEqual(none);
    expect((await consents.asService("GET", `/receipts/v1/${id}`)).status).toBe(403);
  });
});

describe("the receipt of a payment", () => {
  test("proves amount and payee, by its own id and by that of the consent it consumed", async () => {
    const consent = await consents.authorised("domestic-payment");
    const { id } = await pay(consent);
    expect(await asPartner(id)).toEqual({ status: 202, body: {} });
    await log.sequenceAll();
    const own = verdictOn((await asPartner(id)).body);
    expect([own.faults, eventsOf(own), textsOf(own)]).toEqual([
      [],
      ["payment.received"],
      ["what was to be paid"],
    ]);
    expect(own.texts[0]?.text).toContain('"InstructedAmount":{"Amount":');
    const both = verdictOn((await asCustomer(consent)).body);
    expect([both.faults, textsOf(both)]).toEqual([[], ["what was asked for", "what was to be paid"]]);
    expect(eventsOf(both).toSorted()).toEqual([
      "consent.authorised",
      "consent.requested",
      "consent.used",
      "payment.received",
    ]);
    expect((await asPartner(id, OTHERS)).status).toBe(400);
    expect((await asCustomer(id, "cus-brian")).status).toBe(400);
  });

  test("is promised anew when the payment has changed", async () => {
    const { id } = await pay(await consents.authorised("domestic-payment"));
    await log.sequenceAll();
    const later = new Date(NOON.getTime() + 1_000);
    await banking.transaction(async (tx) => {
      const before = await findPayment(tx, id, "lock");
      if (before === undefined) throw new Error(`${id} is not there.`);
      await updatePayment(tx, before, { ...before, status: "ACSC", statusAt: later });
    });
    expect((await asPartner(id)).status).toBe(202);
    await log.sequenceAll();
    expect(eventsOf(verdictOn((await asPartner(id)).body))).toEqual(["payment.received", "payment.updated"]);
  });
});

test("a dispute pack proves amount and payee of a payment as its receipt does", async () => {
  const { id } = await pay(await consents.authorised("domestic-payment"));
  await log.sequenceAll();
  const pack = await disputePack(log.database, [], id);
  const { faults, texts } = verifyPack(pack, logKey(log.signer.verifierKey));
  expect(faults).toEqual([]);
  const [paid] = verdictOn((await asPartner(id)).body).texts;
  expect(texts).toContainEqual(paid);
});

test("a receipt proves what it did when its customer's key is destroyed and the bank's rows are gone", async () => {
  await announceWrappingKey(log.database, pairWrapping(newKeyPair()), NOON);
  // So long ago that no law keeps it any more.
  consents.at(daysAfter(-3_000));
  const id = await consents.asked();
  await consents.asPartner("DELETE", `/open-banking/v4.0/aisp/account-access-consents/${id}`);
  consents.at(NOON);
  await log.sequenceAll();
  const { body } = await asPartner(id);
  await asRole(log.stack, "consent", (query) => query("select erase($1, $2)", [id, NOON]));
  await shred(log.database, CUSTOMER, NOON);
  expect((await asPartner(id)).status).toBe(400);
  const { faults, ...kept } = verdictOn(body);
  expect(faults).toEqual([]);
  expect(eventsOf(kept as PackVerdict)).toEqual(["consent.requested", "consent.deleted"]);
});

test("a receipt is checked by a program that reaches no database", async () => {
  const id = await consents.authorised();
  await log.sequenceAll();
  const file = join(folder, "receipt.json");
  const { body } = await asPartner(id);
  const run = async (content: object) => {
    await writeFile(file, JSON.stringify(content, undefined, 2));
    const args = [
      join(import.meta.dirname, "main.ts"),
      "verify-receipt",
      "--key",
      log.signer.verifierKey,
      file,
    ];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", env: {} });
    return { status, said: stdout + stderr };
  };
  const proved = await run(body);
  expect(proved.said).toMatch(/^PROVED {2}leaf \d+ {2}.* {2}consent.authorised$/m);
  expect(proved.status).toBe(0);
  expect(await run({ ...body, subject: "aac-another" })).toMatchObject({
    status: 1,
    said: expect.stringContaining("is not about aac-another"),
  });
  expect(await run({ ...body, added: true })).toMatchObject({
    status: 2,
    said: expect.stringContaining("no receipt of a known format"),
  });
});
