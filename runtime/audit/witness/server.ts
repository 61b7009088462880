import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { parseCheckpoint } from "../checkpoint/checkpoint.ts";
import { noteVerifier, parseNote, type NoteSigner } from "../checkpoint/note.ts";
import type { Memory } from "./memory.ts";
import { originIn, parseAddCheckpoint, witness, type AddCheckpoint, type WitnessAnswer } from "./witness.ts";

/** What a witness is made of. */
export interface WitnessOptions {
  readonly memory: Memory;
  /** Signs cosignatures; a key that no log has. */
  readonly signer: NoteSigner;
  /** Verifier keys of the logs it is a witness for. */
  readonly logs: readonly string[];
  readonly clock: () => Date;
}

/** Bytes of a request at most: a proof has 63 hashes, a checkpoint a few lines. */
const LONGEST = 16_384;

/** Serves `POST /add-checkpoint` (C2SP tlog-witness); not listening yet. */
export function witnessServer(options: WitnessOptions): Server {
  // One after the other: two trees must not both begin with the same one.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = (body: string): Promise<WitnessAnswer> => {
    const answer = turn.then(() => addCheckpoint(body, options));
    turn = answer.catch(() => undefined);
    return answer;
  };
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const answer = await answerTo(request, inTurn).catch((error: unknown) => {
      // What cannot be remembered is not signed.
      console.error(error instanceof Error ? error.message : String(error));
      return { status: 503, body: "nothing can be signed now\n" };
    });
    const type = answer.status === 409 ? "text/x.tlog.size" : "text/plain; charset=utf-8";
    response.writeHead(answer.status, { "content-type": type }).end(answer.body);
  };
  return createServer({ requestTimeout: 10_000 }, (request, response) => void respond(request, response));
}

async function answerTo(
  request: IncomingMessage,
  inTurn: (body: string) => Promise<WitnessAnswer>,
): Promise<{ readonly status: number; readonly body: string }> {
  if (request.url !== "/add-checkpoint") return { status: 404, body: "only /add-checkpoint is here\n" };
  if (request.method !== "POST") return { status: 405, body: "only POST is taken\n" };
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > LONGEST) return { status: 413, body: `at most ${LONGEST} bytes are taken\n` };
    parts.push(part);
  }
  return inTurn(Buffer.concat(parts).toString("utf8"));
}

/** Decides about a checkpoint and remembers it before anything is answered. */
async function addCheckpoint(body: string, options: WitnessOptions): Promise<WitnessAnswer> {
  const { memory, signer, clock } = options;
  let asked: AddCheckpoint;
  try {
    asked = parseAddCheckpoint(body);
    parseCheckpoint(parseNote(asked.note).text);
  } catch (error) {
    return { status: 400, body: `${error instanceof Error ? error.message : String(error)}\n` };
  }
  const origin = originIn(asked.note) ?? "";
  const log = options.logs.map(noteVerifier).find(({ name }) => name === origin);
  const note = log && (await memory.newest(origin));
  const last = note === undefined ? undefined : parseCheckpoint(parseNote(note).text);
  const answer = await witness(asked, { last, log, signer, now: clock() });
  if (answer.seen !== undefined && answer.seen.size !== last?.size)
    await memory.keep(origin, asked.note + answer.body);
  return answer;
}
