import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePorts } from "../../local/testing/free-ports.ts";
import { checkpointText } from "../../runtime/audit/checkpoint/checkpoint.ts";
import { noteSigner, noteText } from "../../runtime/audit/checkpoint/note.ts";
import { append, EMPTY, rootOf } from "../../runtime/audit/tree/frontier.ts";
import { leafHash } from "../../runtime/audit/tree/hash.ts";
import { consistencyProof } from "../../runtime/audit/tree/proof.ts";
import { addCheckpointText } from "../../runtime/audit/witness/witness.ts";
import { cosigned, logKey, readCheckpoint, witnessKey } from "./note.ts";
import { askWitness } from "./witness.ts";

const PROGRAM = join(import.meta.dirname, "../../runtime/audit/witness/main.ts");
const signer = noteSigner(
  "audit/test",
  generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
);

let folder: string;
let url: URL;
let key: string;
let witness: ReturnType<typeof spawn>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "witness-"));
  const [port = 0] = await freePorts(1);
  const named = ["--name", "witness.auditor", "--key", join(folder, "key.pem")];
  const made = spawnSync(process.execPath, [PROGRAM, "key", ...named], { encoding: "utf8" });
  key = made.stdout.trim();
  await writeFile(join(folder, "log.key"), signer.verifierKey);
  const place = ["--memory", join(folder, "memory"), "--listen", `127.0.0.1:${port}`];
  const log = ["--log", join(folder, "log.key")];
  witness = spawn(process.execPath, [PROGRAM, "serve", ...named, ...place, ...log], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(witness.stdout ?? witness, "data");
  url = new URL(`http://127.0.0.1:${port}/`);
});
afterAll(async () => {
  witness.kill("SIGTERM");
  await once(witness, "close");
  await rm(folder, { recursive: true, force: true });
});

/** What a log of these leaves says from a size on. */
function growing(leaves: readonly string[]): (size: string) => Promise<string> {
  const hashes = leaves.map((leaf) => leafHash(Buffer.from(leaf)));
  const { frontier } = append(EMPTY, hashes);
  const text = checkpointText({ origin: signer.name, size: leaves.length, root: rootOf(frontier), epoch: 1 });
  return async (size) => {
    const old = Number(size);
    const proof = await consistencyProof(old, leaves.length, async (_level, from, count) =>
      hashes.slice(from, from + count),
    );
    return addCheckpointText({ old, proof, note: noteText({ text, signatures: [await signer.sign(text)] }) });
  };
}

test("a witness signs the first tree it is shown and each that goes on from it, and keeps the newest", async () => {
  for (const leaves of [["a", "b", "c"], "abcdefg".split("")]) {
    const note = await askWitness(url, witnessKey(key), growing(leaves));
    expect(cosigned(note, witnessKey(key))).toBe(true);
    expect(readCheckpoint(note, logKey(signer.verifierKey)).size).toBe(leaves.length);
    const [file = ""] = await readdir(join(folder, "memory"));
    expect(await readFile(join(folder, "memory", file), "utf8")).toBe(note);
  }
});

test("of a log with two histories it signs one, whichever is longer", async () => {
  for (const forged of ["abXdefg", "abXdefgh"]) {
    await expect(askWitness(url, witnessKey(key), growing(forged.split("")))).rejects.toThrow(
      "does not go on from what witness.auditor has signed: there are two histories",
    );
  }
});

test("a witness that others have sign newer trees meanwhile is to be asked again: there are no two histories", async () => {
  let leaves = "abcdefgh";
  const overtaken = async (size: string): Promise<string> => {
    const own = await growing(leaves.split(""))(size);
    leaves += "x";
    await askWitness(url, witnessKey(key), growing(leaves.split("")));
    return own;
  };
  const asked = askWitness(url, witnessKey(key), overtaken);
  await expect(asked).rejects.toThrow(
    "witness.auditor signs trees for others too, a newer one each time. Ask again.",
  );
  const again = await askWitness(url, witnessKey(key), growing(leaves.split("")));
  expect(readCheckpoint(again, logKey(signer.verifierKey)).size).toBe(leaves.length);
});

test("a signature counts for the witness that made it, over what it signed", async () => {
  const note = await askWitness(url, witnessKey(key), growing("abcdefghxxxx".split("")));
  expect(cosigned(note.replace("epoch 1", "epoch 2"), witnessKey(key))).toBe(false);
  expect(cosigned(note.slice(0, note.lastIndexOf("— witness")), witnessKey(key))).toBe(false);
  expect(() => witnessKey(signer.verifierKey)).toThrow("is no verifier key of a witness");
  expect(() => logKey(key)).toThrow("is no verifier key of a log");
});
