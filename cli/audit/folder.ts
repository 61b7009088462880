import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { linesOf, type Fault } from "./line.ts";
import { type Checkpoint, readCheckpoint, signed, type LogKey } from "./note.ts";
import { verifyExport, type Start, type Verdict } from "./verify-export.ts";

/** What an export says of itself; signed. */
export interface Manifest {
  readonly format: "wekeza-audit-export/1";
  readonly origin: string;
  readonly month: string;
  /** Whether the month was over when it was exported. */
  readonly complete: boolean;
  readonly start: Start;
  readonly end: { readonly size: number };
  readonly files: Readonly<Record<string, { readonly lines: number; readonly sha256: string }>>;
}

/** What was found in one folder. */
export interface FolderVerdict extends Verdict {
  readonly folder: string;
  readonly manifest: Manifest;
}

/**
 * Checks the folder of an export.
 *
 * @throws Error when it is none: files are missing, or the manifest cannot be read.
 */
export async function verifyFolder(folder: string, log: LogKey): Promise<FolderVerdict> {
  const { manifest, faults } = await manifestOf(folder, log);
  for (const [name, { lines, sha256 }] of Object.entries(manifest.files)) {
    if ((await sha256Of(join(folder, name))) !== sha256)
      faults.push({ where: name, what: `is not the file of ${lines} lines that the manifest names` });
  }
  const verdict = await verifyExport(
    {
      start: manifest.start,
      leaves: linesOf(createReadStream(join(folder, "leaves.ndjson"), "utf8")),
      checkpoints: linesOf(createReadStream(join(folder, "checkpoints.ndjson"), "utf8")),
    },
    log,
  );
  if (verdict.to !== manifest.end.size)
    faults.push({
      where: "manifest.json",
      what: `names ${manifest.end.size} leaves in all; there are ${verdict.to}`,
    });
  return { ...verdict, folder, manifest, faults: [...verdict.faults, ...faults] };
}

async function manifestOf(
  folder: string,
  log: LogKey,
): Promise<{ readonly manifest: Manifest; readonly faults: Fault[] }> {
  const text = await readFile(join(folder, "manifest.json"), "utf8");
  const manifest = parsed(text);
  if (manifest === undefined)
    throw new Error(`${folder}/manifest.json is of no known format; was it changed, or not copied whole?`);
  const faults: Fault[] = [];
  const fault = (what: string): unknown => faults.push({ where: "manifest.json", what });
  const signature = await readFile(join(folder, "manifest.json.sig"), "utf8");
  if (!signed(text, signature, log)) fault(`bears no signature of ${log.name} that holds: it was changed`);
  if (manifest.origin !== log.name) fault(`is of the log ${manifest.origin}`);
  return { manifest, faults };
}

/** Undefined when it is none, or names a file that no export has. */
function parsed(text: string): Manifest | undefined {
  try {
    const manifest = JSON.parse(text) as Manifest;
    const { format, start, end, files } = manifest;
    const sizes = [start.size, end.size];
    const whole = sizes.every(Number.isSafeInteger) && Array.isArray(start.peaks);
    const known = Object.keys(files).toSorted().join() === "checkpoints.ndjson,leaves.ndjson";
    return format === "wekeza-audit-export/1" && whole && known ? manifest : undefined;
  } catch {
    return undefined;
  }
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const part of createReadStream(file)) hash.update(part as Buffer);
  return hash.digest("hex");
}

/** Faults between exports of consecutive months: each must begin where the one before ended. */
export function faultsBetween(verdicts: readonly FolderVerdict[]): readonly Fault[] {
  return verdicts.slice(1).flatMap((after, n) => {
    const before = verdicts[n];
    if (before === undefined || (before.to === after.from && sameRoot(before, after))) return [];
    return [
      {
        where: `${before.folder} and ${after.folder}`,
        what: `the first ends with leaf ${before.to - 1}, the second begins with leaf ${after.from}, or with another tree`,
      },
    ];
  });
}

function sameRoot(before: FolderVerdict, after: FolderVerdict): boolean {
  const { checkpoint } = after.manifest.start;
  return checkpoint === undefined
    ? before.to === 0
    : checkpoint.split("\n")[2] === before.roots.get(before.to);
}

/**
 * What a checkpoint that was seen elsewhere (in a receipt, at a witness, in a report) says against the exports.
 *
 * @param file where it is kept.
 * @throws Error when it is not signed by this log.
 */
export function faultsOfSeen(
  file: string,
  note: string,
  log: LogKey,
  verdicts: readonly FolderVerdict[],
): readonly Fault[] {
  const { size, root } = seen(file, note, log);
  const where = `the checkpoint of ${size} leaves that was seen elsewhere`;
  const [first, last] = [
    Math.min(...verdicts.map(({ from }) => from)),
    Math.max(...verdicts.map(({ to }) => to)),
  ];
  if (size > last) return [{ where, what: `goes beyond these exports, which end with ${last} leaves` }];
  if (size < first)
    return [
      { where, what: `is older than these exports, which begin with leaf ${first}; add the months before` },
    ];
  const own = verdicts.map(({ roots }) => roots.get(size)).find((each) => each !== undefined);
  if (own === root.toString("base64")) return [];
  const what =
    own === undefined ? "is in none of these exports" : "has another root here: there are two histories";
  return [{ where, what }];
}

function seen(file: string, note: string, log: LogKey): Checkpoint {
  try {
    return readCheckpoint(note, log);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${file} is no checkpoint to compare with. ${why}`, { cause });
  }
}
