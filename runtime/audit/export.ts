import { createHash, type Hash } from "node:crypto";
import { canonicalJson } from "../service/canonical-json.ts";
import type { Database } from "../service/postgres.ts";
import { signatureLine, type NoteSigner } from "./checkpoint/note.ts";
import { headOf } from "./log.ts";

/** A calendar month in UTC, as `2026-11`. */
export type Month = string;

/** One line of one file of an export. */
export interface ExportLine {
  readonly file: "leaves.ndjson" | "checkpoints.ndjson" | "manifest.json" | "manifest.json.sig";
  readonly text: string;
}

/** Leaves read at once. */
const LEAVES = 5_000;

/**
 * The part of the log that was sequenced in a month, as lines of files that whoever holds the verifier key can check
 * without a database: leaves, the checkpoints over them, where they begin, and a signed manifest.
 *
 * @param at now; a month that is not over gives what is there.
 * @throws Error when `month` is none.
 */
export async function* exportMonth(
  database: Database,
  { month, signer, at }: { readonly month: Month; readonly signer: NoteSigner; readonly at: Date },
): AsyncGenerator<ExportLine> {
  const [first, end] = boundsOf(month);
  const sizes = await checkpointsOf(database, first, end);
  const start = await headOf(database, sizes[0]?.from ?? (await sizeAt(database, first)));
  const files = { "leaves.ndjson": createFile(), "checkpoints.ndjson": createFile() };
  for (const { from, size } of sizes) {
    for (let index = from; index < size; index += LEAVES) {
      for (const leaf of await leavesOf(database, index, Math.min(size, index + LEAVES), [first, end]))
        yield { file: "leaves.ndjson", text: files["leaves.ndjson"].add(leaf) };
    }
    yield {
      file: "checkpoints.ndjson",
      text: files["checkpoints.ndjson"].add(await checkpointOf(database, size)),
    };
  }
  const manifest = canonicalJson({
    format: "wekeza-audit-export/1",
    origin: signer.name,
    month,
    complete: at >= end,
    exportedAt: at.toISOString(),
    start: {
      size: start.frontier.size,
      peaks: start.frontier.hashes.map((hash) => hash.toString("base64")),
      ...(start.note === "" ? {} : { checkpoint: start.note }),
    },
    end: { size: sizes.at(-1)?.size ?? start.frontier.size },
    files: Object.fromEntries(Object.entries(files).map(([name, file]) => [name, file.summary()])),
  });
  yield { file: "manifest.json", text: manifest };
  yield { file: "manifest.json.sig", text: signatureLine(await signer.sign(`${manifest}\n`)).trimEnd() };
}

function boundsOf(month: Month): readonly [Date, Date] {
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(month)) throw new Error(`${month} is no month; write it as 2026-11.`);
  const [year = 0, number = 0] = month.split("-").map(Number);
  return [new Date(Date.UTC(year, number - 1)), new Date(Date.UTC(year, number))];
}

async function checkpointsOf(
  database: Database,
  first: Date,
  end: Date,
): Promise<readonly { readonly from: number; readonly size: number }[]> {
  const { rows } = await database.query<{ from_size: string; size: string }>(
    "select from_size, size from checkpoint where at >= $1 and at < $2 order by size",
    [first, end],
  );
  return rows.map(({ from_size: from, size }) => ({ from: Number(from), size: Number(size) }));
}

/** Leaves that were signed before a time. */
async function sizeAt(database: Database, at: Date): Promise<number> {
  // By time, though sizes grow with it: the newest sizes would be read through, one by one.
  const { rows } = await database.query<{ size: string }>(
    "select size from checkpoint where at < $1 order by at desc, size desc limit 1",
    [at],
  );
  return Number(rows[0]?.size ?? 0);
}

async function leavesOf(
  database: Database,
  from: number,
  to: number,
  [first, end]: readonly [Date, Date],
): Promise<readonly string[]> {
  // The time finds the partition.
  const { rows } = await database.query<{ index: string; leaf: string }>(
    `select index, leaf from leaf
     where index >= $1 and index < $2 and sequenced_at >= $3 and sequenced_at < $4 order by index`,
    [from, to, first, end],
  );
  return rows.map(({ index, leaf }) => JSON.stringify({ index: Number(index), leaf }));
}

async function checkpointOf(database: Database, size: number): Promise<string> {
  const { rows } = await database.query<{ note: string; leaves: Buffer }>(
    "select note, leaves from checkpoint where size = $1",
    [size],
  );
  const [row] = rows;
  return JSON.stringify({ note: row?.note, hashes: row?.leaves.toString("base64") });
}

interface File {
  /** Counts a line in. @returns the line. */
  add(text: string): string;
  summary(): { readonly lines: number; readonly sha256: string };
}

function createFile(): File {
  const hash: Hash = createHash("sha256");
  let count = 0;
  return {
    add(text) {
      hash.update(text).update("\n");
      count += 1;
      return text;
    },
    summary: () => ({ lines: count, sha256: hash.digest("hex") }),
  };
}
