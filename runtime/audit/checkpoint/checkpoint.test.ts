import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { leafHash } from "../tree/hash.ts";
import { checkpointText, originOf, parseCheckpoint } from "./checkpoint.ts";
import { ALGORITHM, cosign, noteSigner, noteText, noteVerifier, parseNote, signedBy } from "./note.ts";

const privateKey = generateKeyPairSync("ed25519")
  .privateKey.export({ type: "pkcs8", format: "pem" })
  .toString();
const root = leafHash(Buffer.from("a leaf"));
const CHECKPOINT = { origin: originOf("kenya"), size: 42, root, epoch: 3 };
const TEXT = checkpointText(CHECKPOINT);
const log = noteSigner(CHECKPOINT.origin, privateKey);
const witness = noteSigner("witness.eu", privateKey, ALGORITHM.cosignature);

describe("a signed note", () => {
  test("of the specification's example is believed", () => {
    const verifier = noteVerifier("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
    const note = parseNote(
      "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" +
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
    );
    expect(signedBy(note, verifier)).toBe(true);
    expect(signedBy({ ...note, text: note.text.replace("answer", "Answer") }, verifier)).toBe(false);
  });

  test("is read as it was written", async () => {
    const note = {
      text: TEXT,
      signatures: [await log.sign(TEXT), await cosign(TEXT, witness, new Date(1_800_000_000_000))],
    };
    expect(parseNote(noteText(note))).toEqual(note);
    expect(signedBy(note, noteVerifier(log.verifierKey))).toBe(true);
    expect(signedBy(note, noteVerifier(witness.verifierKey))).toBe(true);
  });

  test("with one byte changed anywhere is not believed", async () => {
    const whole = noteText({ text: TEXT, signatures: [await log.sign(TEXT)] });
    const verifier = noteVerifier(log.verifierKey);
    const believed = (text: string): boolean => {
      try {
        return signedBy(parseNote(text), verifier);
      } catch {
        return false;
      }
    };
    expect(believed(whole)).toBe(true);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.constantFrom("a", "7", "\n", "+"), (at, letter) => {
        fc.pre(whole[at] !== letter);
        expect(believed(whole.slice(0, at) + letter + whole.slice(at + 1))).toBe(false);
      }),
    );
  });

  test("of a witness is bound to its time", async () => {
    const signature = await cosign(TEXT, witness, new Date(1_800_000_000_000));
    const later = Buffer.from(signature.signature);
    later.writeBigUInt64BE(1_900_000_000n);
    const verifier = noteVerifier(witness.verifierKey);
    expect(signedBy({ text: TEXT, signatures: [signature] }, verifier)).toBe(true);
    expect(signedBy({ text: TEXT, signatures: [{ ...signature, signature: later }] }, verifier)).toBe(false);
  });
});

test.each([
  ["", "is no verifier key"],
  ["PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "is not that of its key"],
  ["PeterNeumann+c74f20a3+CRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "is no verifier key"],
])("the verifier key %j is refused", (key, message) => {
  expect(() => noteVerifier(key)).toThrow(message);
});

describe("a checkpoint", () => {
  test("has a line each for origin, size, root and epoch", () => {
    expect(TEXT).toBe(`openbanking.wekeza.io/audit/kenya\n42\n${root.toString("base64")}\nepoch 3\n`);
    expect(parseCheckpoint(TEXT)).toEqual(CHECKPOINT);
  });

  test("of another log's making may say more, and nothing of epochs", () => {
    const text = `example.com/log\n1\n${root.toString("base64")}\nsomething else\n`;
    expect(parseCheckpoint(text)).toMatchObject({ size: 1, epoch: 0 });
  });

  test.each([
    "",
    "o\n1\n",
    "o\n01\nAAAA\n",
    `o\n-1\n${root.toString("base64")}\n`,
    `o\n1\n${root.toString("hex")}\n`,
  ])("%j is none", (text) => {
    expect(() => parseCheckpoint(text)).toThrow(/checkpoint/);
  });
});
