import { afterAll, beforeAll, expect, test } from "vitest";
import { asRole } from "../database/testing/stack-database.ts";
import { writeAuditLeaf, type Evidence } from "../service/audit-leaf.ts";
import { newKeyPair } from "../service/hpke.ts";
import { pairWrapping } from "../service/wrapping.ts";
import { headOf } from "./log.ts";
import { announceWrappingKey, personalFields, shred, shredNext } from "./personal.ts";
import { NOON, startLog, type TestLog } from "./testing/audit-log.ts";

const wrapping = pairWrapping(newKeyPair());
const FIELDS = { name: "Amina Wanjiru", account: "KE-0011-2233" };

let log: TestLog;
beforeAll(async () => {
  log = await startLog();
});
afterAll(() => log.stop());

function write(subject: string, customer: string): Promise<void> {
  const evidence: Evidence = {
    at: NOON,
    subject,
    value: { type: "consent.authorised", consent: subject, customer },
    personal: { customer, fields: FIELDS },
  };
  return log.consent.transaction((tx) => writeAuditLeaf(tx, evidence));
}

async function leafOf(subject: string): Promise<string> {
  const { rows } = await log.database.query<{ leaf: string }>("select leaf from leaf where subject = $1", [
    subject,
  ]);
  return rows[0]?.leaf ?? "";
}

test("nothing personal is written before there is a key for it", async () => {
  await expect(write("aac-early", "cus-early")).rejects.toThrow("no wrapping key for customers' keys yet");
  await announceWrappingKey(log.database, wrapping, NOON);
  await announceWrappingKey(log.database, wrapping, NOON);
  await expect(write("aac-early", "cus-early")).resolves.toBeUndefined();
});

test("personal fields of a leaf are read with the wrapping key alone", async () => {
  await Promise.all(["aac-1", "aac-2", "aac-3"].map((subject) => write(subject, "cus-amina")));
  await log.sequenceAll();
  for (const subject of ["aac-1", "aac-2", "aac-3"]) {
    const leaf = await leafOf(subject);
    expect(leaf).not.toMatch(/Amina|0011/);
    await expect(personalFields(log.database, [wrapping], leaf)).resolves.toEqual(FIELDS);
    const another = [pairWrapping(newKeyPair())];
    await expect(personalFields(log.database, another, leaf)).rejects.toThrow(
      "which is not here: put it back",
    );
    await expect(personalFields(log.database, [wrapping], leaf.replace(subject, "aac-9"))).rejects.toThrow(
      "unable to authenticate",
    );
  }
});

test("shredding a customer's key ends all that, changes neither leaf nor root, and is in the log", async () => {
  await write("aac-gone", "cus-gone");
  await log.sequenceAll();
  const leaf = await leafOf("aac-gone");
  const before = await headOf(log.database);
  await expect(shred(log.database, "cus-gone", NOON)).resolves.toBe(true);
  await expect(personalFields(log.database, [wrapping], leaf)).resolves.toBeUndefined();
  await expect(leafOf("aac-gone")).resolves.toBe(leaf);
  await expect(headOf(log.database)).resolves.toEqual(before);
  await expect(shred(log.database, "cus-gone", NOON)).resolves.toBe(false);
  await write("aac-after", "cus-gone");
  await log.sequenceAll();
  expect(JSON.parse(await leafOf("aac-after"))).toMatchObject({ personal: { customer: "cus-gone" } });
  expect(await leafOf("aac-after")).not.toContain("sealed");
  expect(JSON.parse(await leafOf("cus-gone"))).toMatchObject({
    type: "audit.shredded",
    customer: "cus-gone",
  });
});

/** What the consent service writes down when nothing is kept of a customer any more. */
async function forgotten(customer: string): Promise<void> {
  await log.consent.query(
    `insert into privacy_requests (id, customer, kind, law, asked_at, asked_by, due_at, erased_at)
     values ($1, $2, 'erasure', 'GDPR', $3, '{"kind": "customer"}', $4, $3)`,
    [`prv-${customer}`, customer, NOON, new Date(NOON.getTime() + 1)],
  );
}

test("who is kept nowhere any more has her key destroyed, once, and both services say so in the log", async () => {
  await write("aac-last", "cus-last");
  await forgotten("cus-last");
  await expect(shredNext(log.database, NOON)).resolves.toBe("cus-last");
  await expect(shredNext(log.database, NOON)).resolves.toBeUndefined();
  await log.sequenceAll();
  await expect(personalFields(log.database, [wrapping], await leafOf("aac-last"))).resolves.toBeUndefined();
  expect(JSON.parse(await leafOf("cus-last"))).toMatchObject({ type: "audit.shredded" });
  expect(JSON.parse(await leafOf("prv-cus-last"))).toMatchObject({ type: "privacy.shredded" });
});

test("while somebody holds her data a customer's key is not destroyed", async () => {
  await write("aac-held", "cus-held");
  await forgotten("cus-held");
  await log.consent.query(
    `insert into legal_holds (id, customer, reason, placed_by, placed_at, until)
     values ('hold-1', 'cus-held', 'case 12/2026', 'j.mwangi', $1, $2)`,
    [NOON, new Date(NOON.getTime() + 1)],
  );
  await expect(shredNext(log.database, NOON)).resolves.toBeUndefined();
  await log.sequenceAll();
  await expect(personalFields(log.database, [wrapping], await leafOf("aac-held"))).resolves.toEqual(FIELDS);
});

test("the consent service reads what the log says of a customer's own, and of nothing it does not name", async () => {
  await log.write("aac-told", 2);
  await log.sequenceAll();
  const { rows } = await log.consent.query<{ leaf: string }>("select index, leaf from audit.history_of($1)", [
    ["aac-told", "aac-unknown"],
  ]);
  expect(rows.map(({ leaf }) => (JSON.parse(leaf) as { consent: string }).consent)).toEqual([
    "aac-told",
    "aac-told",
  ]);
  await expect(log.consent.query("select * from audit.leaf")).rejects.toThrow(/permission denied/);
});

test("no service reads a customer's private key, or changes one", async () => {
  for (const role of ["consent", "banking", "oauth", "events"] as const) {
    await asRole(log.stack, role, async (query) => {
      await expect(query("select * from audit.subject_key")).rejects.toThrow(/permission denied/);
      await expect(query("select audit.shred_subject_key('cus-amina', now())")).rejects.toThrow(
        /permission denied/,
      );
    });
  }
  await asRole(log.stack, "audit", async (query) => {
    await expect(query("update subject_key set sealed = null")).rejects.toThrow(/permission denied/);
    await expect(query("delete from subject_key")).rejects.toThrow(/permission denied/);
  });
});
