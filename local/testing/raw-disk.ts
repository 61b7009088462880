import type { Stats } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../command.ts";

/** Octets that are looked for. */
export interface Needle {
  /** What they are, for whoever reads that they were found. */
  readonly name: string;
  readonly octets: Buffer;
}

/** A place of the disk where something was found that was looked for. */
export interface Finding {
  /** Of the needle. */
  readonly name: string;
  readonly file: string;
  /** Octets from the start of the file. */
  readonly offset: number;
}

/** A part of a file that is on the disk, in octets. */
interface Extent {
  readonly start: number;
  readonly length: number;
}

const PIECE = 2 ** 20;
const NOTHING = Buffer.alloc(PIECE);

/** What was searched, and what was found. */
export interface Search {
  readonly findings: readonly Finding[];
  readonly files: number;
  /** On the disk, holes apart. */
  readonly bytes: number;
}

/**
 * Where needles lie on the disk below a folder: octet by octet, as whoever has the disk reads it.
 *
 * What is compressed, encoded or split over two places is not found.
 *
 * @param worth which files are searched.
 */
export async function findBelow(
  folder: string,
  needles: readonly Needle[],
  worth: (file: Stats) => boolean,
): Promise<Search> {
  const findings: Finding[] = [];
  let [files, bytes] = [0, 0];
  for await (const file of filesBelow(folder)) {
    const found = await stat(file).catch(unlessGone);
    if (found === undefined || !worth(found)) continue;
    files += 1;
    bytes += found.blocks * 512;
    findings.push(...((await findInFile(file, needles).catch(unlessGone)) ?? []));
  }
  return { findings, files, bytes };
}

/** Every file below a folder. What goes while we walk, as a pod's logs do, is passed over. */
async function* filesBelow(folder: string): AsyncGenerator<string> {
  const entries = (await readdir(folder, { withFileTypes: true }).catch(unlessGone)) ?? [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile()) yield path;
  }
}

/** Where needles lie in a file. Its holes are passed over: an image of many gigabytes may have few on the disk. */
export async function findInFile(file: string, needles: readonly Needle[]): Promise<readonly Finding[]> {
  const overlap = Math.max(...needles.map(({ octets }) => octets.length)) - 1;
  const { size, blocks } = await stat(file);
  const sparse = size > PIECE && blocks * 512 < size;
  const all = [{ start: 0, length: size }];
  // A file system that does not tell where its holes are has them read.
  const extents = sparse ? await extentsOf(file).catch(() => all) : all;
  const findings: Finding[] = [];
  const handle = await open(file);
  try {
    const buffer = Buffer.alloc(Math.min(PIECE, size));
    for (const { start, length } of extents)
      // Pieces overlap, so that nothing is missed between two.
      for (let at = start; at < start + length; at += PIECE - overlap) {
        const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, start + length - at), at);
        const piece = buffer.subarray(0, bytesRead);
        // Room that was reserved and never written, as of the log of etcd.
        if (piece.equals(NOTHING.subarray(0, bytesRead))) continue;
        for (const { name, octets } of needles) {
          const found = piece.indexOf(octets);
          if (found >= 0) findings.push({ name, file, offset: at + found });
        }
      }
  } finally {
    await handle.close();
  }
  return findings;
}

/** The parts of a file that are on the disk, neighbours as one. */
async function extentsOf(file: string): Promise<readonly Extent[]> {
  const listing = await run("filefrag", ["-s", "-v", "-b1", file], { env: { LC_ALL: "C" } });
  const extents: Extent[] = [];
  for (const [, first = "", last = ""] of listing.matchAll(/^ *\d+: +(\d+)\.\. *(\d+):/gm)) {
    const before = extents.at(-1);
    const next = { start: Number(first), length: Number(last) - Number(first) + 1 };
    if (before !== undefined && before.start + before.length === next.start)
      extents[extents.length - 1] = { start: before.start, length: before.length + next.length };
    else extents.push(next);
  }
  return extents;
}

function unlessGone(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
}
