import type { FastifyInstance } from "fastify";
import type { Database } from "../../service/postgres.ts";
import { noteVerifier, parseNote, type NoteSigner } from "../checkpoint/note.ts";
import { parseCheckpoint } from "../checkpoint/checkpoint.ts";
import { originIn, parseAddCheckpoint, witness, type AddCheckpoint, type WitnessAnswer } from "./witness.ts";

/** What a witness is made of. */
export interface WitnessOptions {
  readonly database: Database;
  /** Signs cosignatures; another key than the own log's. */
  readonly signer: NoteSigner;
  /** Verifier keys of the logs it is a witness for. */
  readonly logs: readonly string[];
  readonly clock: () => Date;
}

/** Adds `POST /add-checkpoint` (C2SP tlog-witness) to a server. */
export function witnessRoutes(app: FastifyInstance, options: WitnessOptions): void {
  app.addContentTypeParser("text/plain", { parseAs: "string" }, (_request, body, done) => done(null, body));
  app.post("/add-checkpoint", async (request, reply) => {
    const { status, body } = await addCheckpoint(String(request.body), options);
    const type = status === 409 ? "text/x.tlog.size" : "text/plain; charset=utf-8";
    return reply.code(status).type(type).send(body);
  });
}

/** Decides about a checkpoint and remembers it, in one transaction, before anything is answered. */
export async function addCheckpoint(body: string, options: WitnessOptions): Promise<WitnessAnswer> {
  const { database, signer, clock } = options;
  let asked: AddCheckpoint;
  try {
    asked = parseAddCheckpoint(body);
    parseCheckpoint(parseNote(asked.note).text);
  } catch (error) {
    return { status: 400, body: `${error instanceof Error ? error.message : String(error)}\n` };
  }
  const origin = originIn(asked.note) ?? "";
  const log = options.logs.map(noteVerifier).find(({ name }) => name === origin);
  return database.transaction(async (tx) => {
    // One answer at a time for each log: two trees must not both begin with the same one.
    await tx.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [origin]);
    const { rows } = await tx.query<{ size: string; root: Buffer }>(
      "select size, root from witnessed where origin = $1 order by size desc limit 1",
      [origin],
    );
    const [row] = rows;
    const last = row && { size: Number(row.size), root: row.root };
    const now = clock();
    const answer = await witness(asked, { last, log, signer, now });
    if (answer.seen !== undefined && answer.seen.size !== last?.size) {
      await tx.query("insert into witnessed (origin, size, root, note, at) values ($1, $2, $3, $4, $5)", [
        origin,
        answer.seen.size,
        answer.seen.root,
        asked.note,
        now,
      ]);
    }
    return answer;
  });
}
