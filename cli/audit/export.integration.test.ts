import { spawnSync } from "node:child_process";
import { chmod, cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exportMonth } from "../../runtime/audit/export.ts";
import { startLog, type TestLog } from "../../runtime/audit/testing/audit-log.ts";
import { asSuperuser } from "../../runtime/database/bootstrap.ts";
import { fetchMonth, writeFiles } from "./fetch.ts";

let log: TestLog;
let folder: string;
const DECEMBER = new Date("2026-12-01T08:00:00Z");

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "audit-"));
  log = await startLog();
  await log.write("aac-first", 30);
  await log.sequenceAll(7);
  await log.write("aac-second", 12);
  await log.sequence({ clock: () => DECEMBER });
});
afterAll(async () => {
  await log.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Exports a month into a folder of that name. */
async function exported(month: string, name: string): Promise<string> {
  const target = join(folder, name);
  await rm(target, { recursive: true, force: true });
  await mkdtemp(target).then((made) => cp(made, target, { recursive: true }));
  await writeFiles(texts(month), target);
  return target;
}

async function* texts(month: string): AsyncGenerator<string> {
  for await (const { file, text } of exportMonth(log.database, { month, signer: log.signer, at: DECEMBER }))
    yield `${file} ${text}`;
}

/** The verifier as an auditor runs it: a process of its own that can reach no database. */
function verify(...args: readonly string[]): { readonly status: number | null; readonly said: string } {
  const main = join(import.meta.dirname, "main.ts");
  const options = { encoding: "utf8", env: { PATH: process.env["PATH"] } } as const;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [main, "verify", "--key", log.signer.verifierKey, ...args],
    options,
  );
  return { status, said: stdout + stderr };
}

describe("the verifier", () => {
  test("proves exports of consecutive months, and that they agree with a checkpoint seen elsewhere", async () => {
    const months = [await exported("2026-11", "november"), await exported("2026-12", "december")];
    const seen = join(folder, "seen");
    const [first = ""] = (await readFile(join(folder, "november/checkpoints.ndjson"), "utf8")).split("\n");
    await writeFile(seen, (JSON.parse(first) as { readonly note: string }).note);
    const { status, said } = verify("--seen", seen, ...months);
    expect(said).toContain(
      "2026-11, leaves 0 to 29 under 5 signed checkpoints of openbanking.wekeza.io/audit/test",
    );
    expect(said).toContain("2026-12 so far, leaves 30 to 41 under 1 signed checkpoints");
    expect(said).toContain("PROVED: nothing was changed and nothing is missing.");
    expect(said).toContain(
      "That is said of leaves 0 to 41, from the log's first day; no fewer than were seen elsewhere",
    );
    expect(status).toBe(0);
  });

  test("does not say that the newest export is the newest, nor the first the first", async () => {
    const november = verify(await exported("2026-11", "november"));
    expect(november.said).toContain("whether more came after them is not proved");
    const december = verify(await exported("2026-12", "december"));
    expect(december.said).toContain("That is said of leaves 30 to 41, the 30 before are in earlier exports");
  });

  test("names the file it misses, and the one that is of another log", async () => {
    const november = await exported("2026-11", "november");
    const nowhere = join(folder, "nowhere");
    expect(verify(nowhere)).toEqual({ status: 2, said: `There is no file ${nowhere}/manifest.json.\n` });
    const seen = join(folder, "foreign");
    await writeFile(
      seen,
      "audit/other\n1\nqv3ZcJ0uZ1mBbm1o0CY4T6cXgk4r7gqk1mJmJmJmJmI=\n\n— audit/other Hx8tPz==\n",
    );
    const { status, said } = verify("--seen", seen, november);
    expect(said).toContain(`${seen} is no checkpoint to compare with. It bears no signature of`);
    expect(status).toBe(2);
  });

  test("takes neither the end of a file cut off, nor another export's manifest, nor months in another order", async () => {
    const [november, december] = [await exported("2026-11", "cut"), await exported("2026-12", "december")];
    for (const name of ["leaves.ndjson", "checkpoints.ndjson"]) {
      const path = join(november, name);
      const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
      await chmod(path, 0o644);
      await writeFile(path, `${lines.slice(0, name === "leaves.ndjson" ? -2 : -1).join("\n")}\n`);
    }
    const cut = verify(november);
    expect(cut.said).toMatch(/leaves\.ndjson: is not the file of 30 lines that the manifest names/);
    expect(cut.said).toMatch(/manifest\.json: names 30 leaves in all; there are \d+/);
    expect(cut.status).toBe(1);
    const swapped = await exported("2026-11", "swapped");
    await Promise.all(
      ["manifest.json", "manifest.json.sig"].map((name) =>
        cp(join(december, name), join(swapped, name), { force: true }),
      ),
    );
    expect(verify(swapped).status).toBe(1);
    const reversed = verify(december, await exported("2026-11", "november"));
    expect(reversed.said).toContain("the first ends with leaf 41, the second begins with leaf 0");
    expect(reversed.status).toBe(1);
  });

  test("takes a month in which nothing happened, and proves that nothing is missing there", async () => {
    const [first, last] = ["2026-10", "2027-01"];
    const months = [first, "2026-11", "2026-12", last];
    const folders = await Promise.all(months.map((month) => exported(month, `quiet-${month}`)));
    const { status, said } = verify(...folders);
    expect(said).toContain(`${first}, no leaf after the first 0 of openbanking.wekeza.io/audit/test`);
    expect(said).toContain(`${last} so far, no leaf after the first 42 of openbanking.wekeza.io/audit/test`);
    expect(status).toBe(0);
  });

  test("compares a checkpoint kept since last year with the beginning, and says when it is older", async () => {
    const [november, december] = [
      await exported("2026-11", "november"),
      await exported("2026-12", "december"),
    ];
    const [first, last] = [join(folder, "first"), join(folder, "last")];
    const [line = ""] = (await readFile(join(november, "checkpoints.ndjson"), "utf8")).split("\n");
    await writeFile(first, (JSON.parse(line) as { readonly note: string }).note);
    expect(verify("--keep", last, november).said).toContain(`The newest checkpoint is in ${last}`);
    expect(verify("--seen", last, december).status).toBe(0);
    const { status, said } = verify("--seen", first, december);
    expect(said).toContain("is older than these exports, which begin with leaf 30; add the months before");
    expect(status).toBe(1);
  });

  test("says when a month between two is missing", async () => {
    const december = await exported("2026-12", "december");
    const { status, said } = verify(december, december);
    expect(said).toContain("the first ends with leaf 41, the second begins with leaf 30");
    expect(status).toBe(1);
  });

  test.each(["leaves.ndjson", "checkpoints.ndjson", "manifest.json", "manifest.json.sig"])(
    "names %s when one byte of it was changed",
    async (file) => {
      const target = await exported("2026-11", "changed");
      const path = join(target, file);
      const bytes = await readFile(path);
      const at = Math.floor(bytes.length / 2);
      bytes[at] = bytes[at] === 0x41 ? 0x42 : 0x41;
      await chmod(path, 0o644);
      await writeFile(path, bytes);
      const { status, said } = verify(target);
      expect(said).toContain(file.replace(".sig", ""));
      expect(status).toBeGreaterThan(0);
    },
  );

  test("does not take another log's key, nor half a key", async () => {
    const november = await exported("2026-11", "november");
    expect(
      verify("--key", "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", november).status,
    ).toBe(1);
    const half = verify("--key", log.signer.verifierKey.slice(0, -3), november);
    expect(half).toMatchObject({ status: 2 });
    expect(half.said).toContain("is no verifier key of a log");
  });
});

describe("whoever is superuser in the database", () => {
  const alter = (sql: string): Promise<unknown> =>
    asSuperuser(log.stack.agent.socket, "wekeza", async (client) => {
      await client.query("set session_replication_role = replica");
      await client.query(sql);
    });

  test("cannot change a leaf without being named by its line, its hash made to fit or not", async () => {
    const leaf = `{"type":"consent.requested","consent":"aac-forged"}`;
    const hash = `sha256('\\x00'::bytea || convert_to('${leaf}', 'UTF8'))`;
    await alter(`update audit.leaf set leaf = '${leaf}', hash = ${hash} where index = 11`);
    const { status, said } = verify(await exported("2026-11", "forged"));
    expect(said).toContain("leaves.ndjson line 12: leaf 11 was changed");
    expect(status).toBe(1);
  });

  test("cannot remove one either, the newest or any other", async () => {
    await alter("delete from audit.leaf where index in (20, 29)");
    const { said } = verify(await exported("2026-11", "removed"));
    expect(said).toContain("leaf 20: is missing");
    expect(said).toContain("leaf 29: is missing");
  });

  test("cannot forge a checkpoint without the key", async () => {
    await alter("update audit.checkpoint set note = replace(note, 'epoch 1', 'epoch 9') where size = 14");
    const { said } = verify(await exported("2026-11", "checkpoint"));
    expect(said).toContain("checkpoints.ndjson line 2: the checkpoint cannot be believed");
  });

  test("cannot drop the newest checkpoint with its leaves, when somebody has seen it", async () => {
    const december = await exported("2026-12", "before");
    const seen = join(folder, "newest");
    const [line = ""] = (await readFile(join(december, "checkpoints.ndjson"), "utf8")).split("\n");
    await writeFile(seen, (JSON.parse(line) as { readonly note: string }).note);
    await alter("delete from audit.checkpoint where size = 42; delete from audit.leaf where index >= 30");
    const { said, status } = verify("--seen", seen, await exported("2026-12", "after"));
    expect(said).toContain("the checkpoint of 42 leaves that was seen elsewhere: goes beyond these exports");
    expect(status).toBe(1);
    expect(verify("--seen", seen, "--keep", join(folder, "unproved"), join(folder, "after")).status).toBe(1);
    await expect(readFile(join(folder, "unproved"))).rejects.toThrow("ENOENT");
  });
});

test("nothing is written into a folder that is in use, and nothing half is left", async () => {
  const used = await exported("2026-11", "used");
  const place = { kubectl: "false", namespace: "stack-test" };
  await expect(fetchMonth(place, "2026-11", used)).rejects.toThrow(
    "is not empty; an export is never written over",
  );
  await expect(fetchMonth(place, "2026-11", join(folder, "new"))).rejects.toThrow(
    "The audit service gave no answer",
  );
  await expect(readFile(join(folder, "new/manifest.json"))).rejects.toThrow("ENOENT");
});
