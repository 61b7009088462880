import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { disputePack } from "../../runtime/audit/pack.ts";
import { announceWrappingKey, shred } from "../../runtime/audit/personal.ts";
import { startLog, type TestLog } from "../../runtime/audit/testing/audit-log.ts";
import { OURS } from "../../runtime/consent/testing/consent-service.ts";
import { AWAITING, NOON } from "../../runtime/consent/testing/consents.ts";
import { PAYER, VERSION_3, VERSION_4 } from "../../runtime/consent/testing/requests.ts";
import type { Consent } from "../../runtime/consent/consent.ts";
import { createConsentStore } from "../../runtime/consent/store.ts";
import { writeAuditLeaf } from "../../runtime/service/audit-leaf.ts";
import { newKeyPair } from "../../runtime/service/hpke.ts";
import { pairWrapping } from "../../runtime/service/wrapping.ts";
import { logKey } from "./note.ts";
import { readPack, verifyPack, type DisputePack, type PackVerdict } from "./verify-pack.ts";

const wrapping = pairWrapping(newKeyPair());
const CONSENT = AWAITING.id;
const MIGRATED = "vrp-taken-over";
const FIELDS = { payee: "Baraka Hardware", account: "KE-0077", amount: "1500.00" };

let log: TestLog;
let folder: string;
let pack: DisputePack;

/** A consent of the real service, a payment's leaf under it, and others' leaves around both. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pack-"));
  log = await startLog();
  await announceWrappingKey(log.database, wrapping, NOON);
  await log.write("aac-another", 20);
  const store = createConsentStore(log.consent);
  await store.add(AWAITING, { kind: "partner", id: OURS });
  const sca = { method: "otp", at: NOON };
  const authorisation = {
    customer: "cus-amina",
    accounts: ["acc-1"],
    grantId: "g-1",
    sca,
    shown: "May Acme read your accounts?",
  };
  await store.change(
    CONSENT,
    (consent) => ({
      ok: true,
      changed: true,
      transition: "authorise",
      consent: { ...consent, state: "AUTH", authorisation },
    }),
    { actor: { kind: "customer", id: "cus-amina" }, at: NOON },
  );
  await log.write("aac-another", 20);
  await log.consent.transaction((tx) =>
    writeAuditLeaf(tx, {
      at: NOON,
      subject: "pay-1",
      value: {
        type: "payment.received",
        at: NOON.toISOString(),
        payment: "pay-1",
        consent: CONSENT,
        customer: "cus-amina",
      },
      personal: { customer: "cus-amina", fields: FIELDS },
    }),
  );
  await log.sequenceAll(9);
  pack = await disputePack(log.database, [wrapping], "pay-1");
});
afterAll(async () => {
  await log.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Recurring payments that were agreed to in version 3, and put into the words of version 4. */
async function migrated(): Promise<void> {
  const store = createConsentStore(log.consent);
  const vrp: Consent = { ...AWAITING, ...VERSION_3, id: MIGRATED, kind: "domestic-vrp", permissions: [] };
  const sca = { method: "otp", at: NOON };
  const authorisation = { customer: "cus-baraka", accounts: ["acc-2"], debtor: PAYER, grantId: "g-2", sca };
  const authorised: Consent = { ...vrp, state: "AUTH", authorisation };
  await store.add(vrp, { kind: "bank" });
  const by = { actor: { kind: "partner", id: OURS }, at: NOON } as const;
  for (const change of [
    { transition: "authorise", consent: authorised },
    { transition: "migrate", consent: { ...authorised, ...VERSION_4 } },
  ] as const)
    await store.change(MIGRATED, () => ({ ok: true, changed: true, ...change }), by);
  await log.sequenceAll(9);
}

function verdictOn(changed: DisputePack): PackVerdict {
  return verifyPack(changed, logKey(log.signer.verifierKey));
}

describe("a dispute pack", () => {
  test("of a payment proves it, its consent, what was asked and shown, and opens its personal fields", () => {
    const { events, texts, faults } = verdictOn(pack);
    expect(faults).toEqual([]);
    expect(events.map(({ type, personal }) => [type, personal])).toEqual([
      ["consent.requested", undefined],
      ["consent.authorised", undefined],
      ["payment.received", FIELDS],
    ]);
    expect(texts.map(({ name }) => name)).toEqual([
      "what was asked for",
      "the policy",
      "what the customer was shown",
    ]);
    expect(events[1]?.said).toMatchObject({ sca: { method: "otp" }, actor: { kind: "customer" } });
  });

  test("of the consent holds the same as that of its payment, but for the payment", async () => {
    const { events, faults } = verdictOn(await disputePack(log.database, [wrapping], CONSENT));
    expect(faults).toEqual([]);
    expect(events.map(({ type }) => type)).toEqual(["consent.requested", "consent.authorised"]);
  });

  test.each<{
    readonly why: string;
    readonly change: (pack: DisputePack) => DisputePack;
    readonly where: string;
  }>([
    {
      why: "a leaf's words",
      change: ({ leaves: [first, ...rest], ...others }) => ({
        ...others,
        leaves:
          first === undefined ? rest : [{ ...first, leaf: first.leaf.replace("AWAU", "AUTH") }, ...rest],
      }),
      where: "leaf 20",
    },
    {
      why: "a leaf's place",
      change: ({ leaves: [first, ...rest], ...others }) => ({
        ...others,
        leaves: first === undefined ? rest : [{ ...first, index: 3 }, ...rest],
      }),
      where: "leaf 3",
    },
    {
      why: "what the customer was shown",
      change: ({ texts, ...others }) => ({
        ...others,
        texts: texts.map(({ name, text }) => ({ name, text: text.replace("read", "empty") })),
      }),
      where: "what the customer was shown",
    },
    {
      why: "the checkpoint",
      change: (whole) => ({ ...whole, checkpoint: whole.checkpoint.replace("epoch 1", "epoch 7") }),
      where: "checkpoint",
    },
    {
      why: "the key to personal fields",
      change: ({ leaves, ...others }) => ({
        ...others,
        leaves: leaves.map((leaf) =>
          leaf.opening === undefined
            ? leaf
            : { ...leaf, opening: { ...leaf.opening, nonce: "AAAAAAAAAAAAAAAA" } },
        ),
      }),
      where: "leaf 42",
    },
  ])("with $why changed is named", ({ change, where }) => {
    expect(verdictOn(change(pack)).faults.map((fault) => fault.where)).toContain(where);
  });

  test("with any one character changed has a fault or is none, but in what is told only", () => {
    const whole = JSON.stringify({ ...pack, records: [] });
    const complaints = (text: string): readonly string[] => {
      try {
        return verdictOn(readPack(text)).faults.map(({ what }) => what);
      } catch (error) {
        return [String(error)];
      }
    };
    expect(complaints(whole)).toEqual([]);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.constantFrom("x", "7", "A", "+"), (at, letter) => {
        fc.pre(whole[at] !== letter);
        expect(complaints(whole.slice(0, at) + letter + whole.slice(at + 1))).not.toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test("is checked by a program that reaches no database", async () => {
    const file = join(folder, "pack.json");
    await writeFile(file, JSON.stringify(pack));
    const args = [join(import.meta.dirname, "main.ts"), "verify-pack", "--key", log.signer.verifierKey, file];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8", env: {} });
    expect(stdout).toContain("PROVED  what the customer was shown\n  May Acme read your accounts?");
    expect(stdout).toContain('personal: {"account":"KE-0077"');
    expect(status).toBe(0);
  });

  test("of an erased customer proves the same leaves and opens nothing", async () => {
    await shred(log.database, "cus-amina", NOON);
    const { events, faults } = verdictOn(await disputePack(log.database, [wrapping], "pay-1"));
    expect(faults).toEqual([]);
    expect(events.map(({ personal }) => personal)).toEqual([undefined, undefined, undefined]);
  });

  test("of an erased customer says which leaf erased her, and calls nothing changed", async () => {
    await log.sequenceAll();
    const erased = await disputePack(log.database, [wrapping], "pay-1");
    const { events, faults } = verdictOn(erased);
    expect(faults).toEqual([]);
    expect(events.map(({ type, erasedBy }) => [type, erasedBy])).toEqual([
      ["consent.requested", undefined],
      ["consent.authorised", undefined],
      ["payment.received", 43],
      ["audit.shredded", undefined],
    ]);
    const file = join(folder, "erased.json");
    await writeFile(file, JSON.stringify(erased));
    const args = [join(import.meta.dirname, "main.ts"), "verify-pack", "--key", log.signer.verifierKey, file];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8", env: {} });
    expect([status, stdout]).toEqual([
      0,
      expect.stringContaining("ERASED: the customer's key was destroyed (leaf 43)"),
    ]);
  });

  test("of nothing that is known is refused", async () => {
    await expect(disputePack(log.database, [wrapping], "pay-unknown")).rejects.toThrow(
      "The log has nothing of pay-unknown",
    );
  });
});

test("a dispute pack of a consent that was put into other words proves both", async () => {
  await migrated();
  const { events, texts, faults } = verdictOn(await disputePack(log.database, [wrapping], MIGRATED));
  expect(faults).toEqual([]);
  expect(events.at(-1)?.type).toBe("consent.migrated");
  const asked = texts.filter(({ name }) => name.startsWith("what was asked for"));
  expect(asked.map(({ text }) => JSON.parse(text) as object)).toMatchObject([VERSION_4, VERSION_3]);
});
