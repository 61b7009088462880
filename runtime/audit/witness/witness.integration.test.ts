import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkpointText } from "../checkpoint/checkpoint.ts";
import {
  ALGORITHM,
  noteSigner,
  noteText,
  noteVerifier,
  parseNote,
  parseSignatures,
  signedBy,
} from "../checkpoint/note.ts";
import { newSigningKey, NOON, startLog, type TestLog } from "../testing/audit-log.ts";
import { leafHash } from "../tree/hash.ts";
import { growthSince } from "./growth.ts";
import { memoryIn } from "./memory.ts";
import { witnessServer } from "./server.ts";
import { addCheckpointText, parseAddCheckpoint, type AddCheckpoint } from "./witness.ts";

let log: TestLog;
let folder: string;
let server: Server;
let url: string;
const signer = noteSigner("witness.eu", newSigningKey(), ALGORITHM.cosignature);

beforeAll(async () => {
  log = await startLog();
  folder = await mkdtemp(join(tmpdir(), "witness-"));
  await serve(folder);
  await log.write("aac-seen", 3);
  await log.sequenceAll();
});
afterAll(async () => {
  server.close();
  await log.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Starts the witness anew, with what it remembers in a folder. */
async function serve(memory: string): Promise<void> {
  server?.close();
  const logs = [log.signer.verifierKey];
  server = witnessServer({ memory: memoryIn(memory), signer, logs, clock: () => NOON });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/add-checkpoint`;
}

async function add(asked: AddCheckpoint): Promise<{ readonly status: number; readonly text: string }> {
  const headers = { "content-type": "text/plain" };
  const answer = await fetch(url, { method: "POST", headers, body: addCheckpointText(asked) });
  return { status: answer.status, text: await answer.text() };
}

/** The newest tree, as the log would ask for it. */
async function newest(old: number): Promise<AddCheckpoint> {
  return parseAddCheckpoint(await growthSince(log.database, String(old)));
}

/** Another history of `size` leaves, signed with the log's own key. */
async function forged(size: number): Promise<string> {
  const text = checkpointText({
    origin: log.signer.name,
    size,
    root: leafHash(Buffer.from("forged")),
    epoch: 1,
  });
  return noteText({ text, signatures: [await log.signer.sign(text)] });
}

test("a witness signs the first tree it sees, and each that begins with the one before", async () => {
  const first = await newest(0);
  const answer = await add(first);
  expect(answer.status).toBe(200);
  const cosigned = { text: parseNote(first.note).text, signatures: parseSignatures(answer.text) };
  expect(signedBy(cosigned, noteVerifier(signer.verifierKey))).toBe(true);
  await log.write("aac-seen", 4);
  await log.sequenceAll();
  expect(await add(await newest(3))).toMatchObject({ status: 200 });
  expect(await add(await newest(7))).toMatchObject({ status: 200 });
});

test("a log that is behind is told what was signed last", async () => {
  expect(await add(await newest(3))).toEqual({ status: 409, text: "7\n" });
});

test("a witness that was started anew remembers, in a file that auditors can read", async () => {
  await serve(folder);
  expect(await add(await newest(3))).toEqual({ status: 409, text: "7\n" });
  const files = await readdir(folder);
  expect(files).toEqual([`${encodeURIComponent(log.signer.name)}.checkpoint`]);
  const kept = parseNote(await readFile(join(folder, files[0] ?? ""), "utf8"));
  expect(signedBy(kept, noteVerifier(log.signer.verifierKey))).toBe(true);
  expect(signedBy(kept, noteVerifier(signer.verifierKey))).toBe(true);
});

test("what cannot be remembered is not signed", async () => {
  await serve(join(folder, "gone"));
  expect(await add(await newest(0))).toMatchObject({ status: 503 });
  await serve(folder);
});

test("the log proves its growth from a size it had, and from no other", async () => {
  await expect(growthSince(log.database, "8")).rejects.toThrow(
    "8 is no size of this log, which has 7 leaves",
  );
  await expect(growthSince(log.database, "")).rejects.toThrow("is no size of this log");
});

test.each([
  ["of the same size", 7, 409],
  ["of a larger size", 9, 422],
  ["of a smaller size", 5, 400],
])("a second history %s is not signed, though the log itself signed it", async (_what, size, status) => {
  expect(await add({ old: 7, proof: [], note: await forged(size) })).toMatchObject({ status });
});

test("of two trees that begin with the same one, asked for at once, one is signed", async () => {
  await log.write("aac-seen", 2);
  await log.sequenceAll();
  const asked = await newest(7);
  const answers = await Promise.all([add(asked), add(asked), add(asked)]);
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409]);
});

test("checkpoints of others, without a signature, or no checkpoints at all are refused", async () => {
  const stranger = noteSigner("stranger", newSigningKey());
  const text = checkpointText({ origin: "stranger", size: 1, root: leafHash(Buffer.from("x")), epoch: 1 });
  expect(
    await add({ old: 0, proof: [], note: noteText({ text, signatures: [await stranger.sign(text)] }) }),
  ).toMatchObject({ status: 404 });
  const { note } = await newest(9);
  expect(await add({ old: 9, proof: [], note: note.replace("epoch 1", "epoch 2") })).toMatchObject({
    status: 403,
  });
  const body = await fetch(url, { method: "POST", headers: { "content-type": "text/plain" }, body: "old x" });
  expect(body.status).toBe(400);
  const long = await fetch(url, { method: "POST", body: "x".repeat(20_000) }).catch(() => undefined);
  expect(long?.status ?? 413).toBe(413);
  expect((await fetch(url)).status).toBe(405);
  expect((await fetch(new URL("/", url))).status).toBe(404);
});
