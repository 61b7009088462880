import { generateKeyPairSync } from "node:crypto";
import { startStackDatabase, type StackDatabase } from "../../database/testing/stack-database.ts";
import { writeAuditLeaf } from "../../service/audit-leaf.ts";
import { createLog } from "../../service/logger.ts";
import { createDatabase, type Database } from "../../service/postgres.ts";
import { originOf } from "../checkpoint/checkpoint.ts";
import { noteSigner, type NoteSigner } from "../checkpoint/note.ts";
import { sequence, type Batch, type SequencerOptions } from "../sequencer.ts";

export const NOON = new Date("2026-11-22T12:00:00Z");

/** A new Ed25519 key, as a Secret holds it. */
export function newSigningKey(): string {
  return generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** An audit log over a real database, with a clock that stands. */
export interface TestLog {
  readonly stack: StackDatabase;
  /** As the role `audit`. */
  readonly database: Database;
  /** As the role `consent`, a source of leaves. */
  readonly consent: Database;
  readonly signer: NoteSigner;
  /** Runs one batch at noon in epoch 1, or as told. */
  sequence(options?: Partial<SequencerOptions>): Promise<Batch>;
  /** Sequences until there is nothing new. */
  sequenceAll(limit?: number): Promise<void>;
  /** Writes leaves about something, each in a transaction of its own. */
  write(subject: string, count?: number): Promise<void>;
  stop(): Promise<void>;
}

/** @param settings of the database server; by default those of tests. */
export async function startLog(settings?: Readonly<Record<string, string>>): Promise<TestLog> {
  const log = createLog("audit", { level: "silent" });
  const stack = await startStackDatabase(settings);
  const as = async (user: string): Promise<Database> =>
    createDatabase({ config: stack.database, user, identity: await stack.identity(user), log });
  const [database, consent] = await Promise.all([as("audit"), as("consent")]);
  const signer = noteSigner(originOf("test"), newSigningKey());
  const once = (options: Partial<SequencerOptions> = {}): Promise<Batch> =>
    sequence({ database, signer, epoch: 1, clock: () => NOON, ...options });
  return {
    stack,
    database,
    consent,
    signer,
    sequence: once,
    async sequenceAll(limit = 1_000) {
      for (;;) {
        const batch = await once({ limit });
        if (batch === "another sequencer is at work") throw new Error(batch);
        if (batch.added === 0) return;
      }
    },
    async write(subject, count = 1) {
      for (let n = 0; n < count; n += 1) {
        await consent.transaction((tx) =>
          writeAuditLeaf(tx, {
            at: NOON,
            subject,
            value: { type: "consent.requested", consent: subject, n },
          }),
        );
      }
    },
    async stop() {
      await database.close();
      await consent.close();
      await stack.stop();
    },
  };
}
