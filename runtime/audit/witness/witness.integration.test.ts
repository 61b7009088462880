import { fastify, type FastifyInstance } from "fastify";
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
import { headOf, nodeReader } from "../log.ts";
import { newSigningKey, NOON, startLog, type TestLog } from "../testing/audit-log.ts";
import { leafHash } from "../tree/hash.ts";
import { consistencyProof } from "../tree/proof.ts";
import { witnessRoutes } from "./routes.ts";
import { addCheckpointText, type AddCheckpoint } from "./witness.ts";

let log: TestLog;
let app: FastifyInstance;
let url: string;
const signer = noteSigner("witness.eu", newSigningKey(), ALGORITHM.cosignature);

beforeAll(async () => {
  log = await startLog();
  app = fastify();
  witnessRoutes(app, { database: log.database, signer, logs: [log.signer.verifierKey], clock: () => NOON });
  url = `${await app.listen({ port: 0, host: "127.0.0.1" })}/add-checkpoint`;
  await log.write("aac-seen", 3);
  await log.sequenceAll();
});
afterAll(async () => {
  await app.close();
  await log.stop();
});

async function add(asked: AddCheckpoint): Promise<{ readonly status: number; readonly text: string }> {
  const headers = { "content-type": "text/plain" };
  const answer = await fetch(url, { method: "POST", headers, body: addCheckpointText(asked) });
  return { status: answer.status, text: await answer.text() };
}

/** The newest tree, as the log would ask for it. */
async function newest(old: number): Promise<AddCheckpoint> {
  const { note, frontier } = await headOf(log.database);
  return { old, proof: await consistencyProof(old, frontier.size, nodeReader(log.database)), note };
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
});
