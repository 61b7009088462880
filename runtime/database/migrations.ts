import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** One numbered step of a schema, as its file holds it. */
export interface Migration {
  readonly number: number;
  /** File name, such as `0001-consents.sql`. */
  readonly name: string;
  readonly sql: string;
  /** SHA-256 (hex) of the file. */
  readonly checksum: string;
}

/** What a schema says was done to it. */
export type AppliedMigration = Pick<Migration, "number" | "name" | "checksum">;

/** A schema's files and its history contradict each other; a person must decide. */
export class MigrationRefused extends Error {
  override readonly name = "MigrationRefused";
}

const FILE = /^(\d{4})-[a-z0-9-]+\.sql$/;

/**
 * The migrations in a folder, in order; none when there is no such folder.
 *
 * @throws MigrationRefused for a file whose name is not `NNNN-name.sql`, and for numbers that are used twice.
 */
export async function readMigrations(folder: string): Promise<readonly Migration[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const migrations = await Promise.all(
    names.toSorted((a, b) => (a < b ? -1 : 1)).map((name) => readMigration(folder, name)),
  );
  const twice = migrations.find(({ number }, index) => migrations[index - 1]?.number === number);
  if (twice) throw new MigrationRefused(`${join(folder, twice.name)}: number ${twice.number} is used twice.`);
  return migrations;
}

async function readMigration(folder: string, name: string): Promise<Migration> {
  const number = FILE.exec(name)?.[1];
  if (number === undefined) throw new MigrationRefused(`${join(folder, name)} is not named NNNN-name.sql.`);
  const sql = await readFile(join(folder, name), "utf8");
  return { number: Number(number), name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
}

/**
 * The migrations still to be applied.
 *
 * A history that goes further than the files is fine: an older version is starting beside a newer one's schema, which
 * every migration leaves usable for the version before it.
 *
 * @throws MigrationRefused when a file was edited after it was applied, or comes before one that was.
 */
export function pendingMigrations(
  schema: string,
  files: readonly Migration[],
  applied: readonly AppliedMigration[],
): readonly Migration[] {
  const newest = Math.max(0, ...applied.map(({ number }) => number));
  return files.filter((file) => {
    const before = applied.find(({ number }) => number === file.number);
    if (before === undefined) {
      if (file.number > newest) return true;
      throw new MigrationRefused(
        `${schema}/${file.name} was never applied, but number ${newest} already is; give it a higher number.`,
      );
    }
    if (before.checksum === file.checksum) return false;
    throw new MigrationRefused(
      `${schema}/${file.name} was edited after it was applied (as ${before.name}); restore it and add a new migration.`,
    );
  });
}
