import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { checkpointText } from "../../runtime/audit/checkpoint/checkpoint.ts";
import { noteSigner, noteText } from "../../runtime/audit/checkpoint/note.ts";
import { append, EMPTY, rootOf } from "../../runtime/audit/tree/frontier.ts";
import { inclusionProof } from "../../runtime/audit/tree/proof.ts";
import { leafHash } from "../../runtime/audit/tree/hash.ts";
import { initiationHash } from "../../runtime/banking/payments/payment.ts";
import { canonicalJson } from "../../runtime/service/canonical-json.ts";
import { logKey } from "./note.ts";
import { readReceipt, type Receipt, verifyReceipt } from "./verify-receipt.ts";

const newSigner = (name: string) =>
  noteSigner(
    name,
    generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  );
const signer = newSigner("audit/test");
const log = logKey(signer.verifierKey);

/** Two thousand signatures take a fifth of a second of CPU; this is for a machine that has other work, in ms. */
const PATIENCE_MS = 60_000;

const PAYMENT = "pay-1";
const paid = {
  kind: "domestic-payment",
  initiation: {
    InstructedAmount: { Amount: "1500.00", Currency: "KES" },
    CreditorAccount: { SchemeName: "UK.OBIE.BBAN", Identification: "0077", Name: "Baraka Hardware" },
  },
  instruction: undefined,
} as const;

/** A log in which a payment's two leaves stand among those of others, and the receipt of it. */
async function receipt(): Promise<Receipt> {
  const about = (type: string, payment: string, more: object = {}): string =>
    canonicalJson({ type, at: "2026-11-22T12:00:00.000Z", payment, consent: "pdc-1", ...more });
  const leaves = [
    ...["pay-a", "pay-b", "pay-c"].map((payment) => about("payment.received", payment)),
    about("payment.received", PAYMENT, { initiationHash: initiationHash(paid) }),
    ...["pay-d", "pay-e"].map((payment) => about("payment.received", payment)),
    about("payment.updated", PAYMENT),
  ];
  const hashes = leaves.map((leaf) => leafHash(Buffer.from(leaf)));
  const { frontier } = append(EMPTY, hashes);
  const { size } = frontier;
  const text = checkpointText({ origin: signer.name, size, root: rootOf(frontier), epoch: 1 });
  const read = async (_level: number, from: number, count: number) => hashes.slice(from, from + count);
  const proved = async (index: number) => {
    const proof = await inclusionProof(index, size, read);
    return { index, leaf: leaves[index] ?? "", proof: proof.map((hash) => hash.toString("base64")) };
  };
  return {
    format: "wekeza-receipt/1",
    subject: PAYMENT,
    checkpoint: noteText({ text, signatures: [await signer.sign(text)] }),
    leaves: [await proved(3), await proved(6)],
    texts: [{ name: "what was to be paid", text: canonicalJson(paid) }],
  };
}

const whole = await receipt();

/** The places that a verifier names; what cannot be read is named as a whole. */
function faultsOf(text: string): readonly string[] {
  try {
    return verifyReceipt(readReceipt(text), log).faults.map(({ where }) => where);
  } catch {
    return ["the file"];
  }
}

describe("a receipt", () => {
  test("proves what happened, and how much was to be paid to whom", () => {
    const { events, texts, faults } = verifyReceipt(readReceipt(JSON.stringify(whole)), log);
    expect(faults).toEqual([]);
    expect(events.map(({ index, type }) => [index, type])).toEqual([
      [3, "payment.received"],
      [6, "payment.updated"],
    ]);
    expect(texts.map(({ text }) => JSON.parse(text) as object)).toMatchObject([
      { initiation: { InstructedAmount: { Amount: "1500.00" } } },
    ]);
  });

  test(
    "with any one of its bytes changed proves less, and says where",
    () => {
      const text = JSON.stringify(whole);
      const unnoticed = Array.from({ length: text.length }, (_none, n) => {
        const other = ["A", "n", " ", "0"].find((each, k) => k >= n % 3 && each !== text[n]);
        return `${text.slice(0, n)}${other}${text.slice(n + 1)}`;
      }).filter((changed) => faultsOf(changed).length === 0);
      expect(unnoticed).toEqual([]);
    },
    PATIENCE_MS,
  );

  const [first, second] = whole.leaves;
  test.each<{ readonly why: string; readonly change: object; readonly where: string }>([
    {
      why: "the words of a leaf are",
      change: { leaves: [{ ...first, leaf: first?.leaf.replace("pdc-1", "pdc-2") }, second] },
      where: "leaf 3",
    },
    { why: "its place is", change: { leaves: [{ ...first, index: 2 }, second] }, where: "leaf 2" },
    { why: "its path is", change: { leaves: [{ ...first, proof: second?.proof }, second] }, where: "leaf 3" },
    {
      why: "the amount is",
      change: { texts: [{ ...whole.texts[0], text: "{}" }] },
      where: "what was to be paid",
    },
    {
      why: "what a text is called is",
      change: { texts: [{ ...whole.texts[0], name: "what was asked for" }] },
      where: "what was asked for",
    },
    {
      why: "the checkpoint is",
      change: { checkpoint: whole.checkpoint.replace("epoch 1", "epoch 2") },
      where: "checkpoint",
    },
    { why: "what it is of is", change: { subject: "pay-2" }, where: "leaf 3" },
    { why: "a leaf stands there twice,", change: { leaves: [first, first] }, where: "leaf 3" },
    { why: "no leaf is left,", change: { leaves: [], texts: [] }, where: "leaves" },
    { why: "something is added,", change: { note: "paid twice" }, where: "the file" },
  ])("says so when $why changed", ({ change, where }) => {
    expect(faultsOf(JSON.stringify({ ...whole, ...change }))).toContain(where);
  });

  test("of another log, or signed by another key of the same name, proves nothing", () => {
    for (const other of [newSigner("audit/other"), newSigner("audit/test")]) {
      const { faults, events } = verifyReceipt(whole, logKey(other.verifierKey));
      expect(events).toEqual([]);
      expect(faults.map(({ where }) => where)).toContain("checkpoint");
    }
  });
});
