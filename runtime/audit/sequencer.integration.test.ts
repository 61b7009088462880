import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { login } from "../database/login.ts";
import { LOGIN_ROLES } from "../database/roles.ts";
import { asRole } from "../database/testing/stack-database.ts";
import { writeAuditLeaf } from "../service/audit-leaf.ts";
import { parseCheckpoint } from "./checkpoint/checkpoint.ts";
import { noteVerifier, parseNote, signedBy } from "./checkpoint/note.ts";
import { headOf, nodeReader } from "./log.ts";
import { NOON, startLog, type TestLog } from "./testing/audit-log.ts";
import { leafHash, splitHashes } from "./tree/hash.ts";
import { consistencyProof, inclusionProof } from "./tree/proof.ts";
import { provesConsistency, provesInclusion, type TreeHead } from "./tree/verify.ts";

let log: TestLog;
beforeAll(async () => {
  log = await startLog();
});
afterAll(() => log.stop());

async function leavesFrom(
  size: number,
): Promise<readonly { readonly index: string; readonly leaf: string; readonly subject: string }[]> {
  const { rows } = await log.database.query<{ index: string; leaf: string; subject: string }>(
    "select index, leaf, subject from leaf where index >= $1 order by index",
    [size],
  );
  return rows;
}

async function headNow(): Promise<TreeHead & { readonly note: string }> {
  const { note } = await headOf(log.database);
  return { ...parseCheckpoint(parseNote(note).text), note };
}

describe("a batch", () => {
  beforeEach(() => log.sequenceAll());

  test("puts what a service wrote into the log, once and in order, under a signed checkpoint", async () => {
    const { size } = (await headOf(log.database)).frontier;
    await log.write("aac-order", 3);
    await expect(log.sequence()).resolves.toMatchObject({ added: 3, full: false });
    const leaves = await leavesFrom(size);
    expect(leaves.map(({ index, leaf }) => [Number(index), (JSON.parse(leaf) as { n: number }).n])).toEqual([
      [size, 0],
      [size + 1, 1],
      [size + 2, 2],
    ]);
    const { note } = await headNow();
    expect(signedBy(parseNote(note), noteVerifier(log.signer.verifierKey))).toBe(true);
    expect(parseCheckpoint(parseNote(note).text)).toMatchObject({
      origin: "openbanking.wekeza.io/audit/test",
      size: size + 3,
      epoch: 1,
    });
  });

  test("of nothing signs nothing", async () => {
    const before = await headOf(log.database);
    await expect(log.sequence()).resolves.toMatchObject({ added: 0 });
    await expect(headOf(log.database)).resolves.toEqual(before);
  });

  test("leaves nothing behind when ids commit out of order", async () => {
    const identity = await log.stack.identity("consent");
    const slow = await login({ database: log.stack.database, role: "consent", identity });
    const { size } = (await headOf(log.database)).frontier;
    await slow.query("begin");
    await slow.query("insert into audit_leaf (at, subject, leaf, hash) values ($1, 'aac-slow', '{}', $2)", [
      NOON,
      leafHash(Buffer.from("{}")),
    ]);
    await log.write("aac-fast");
    await expect(log.sequence()).resolves.toMatchObject({ added: 0 });
    await slow.query("commit");
    await slow.end();
    await log.sequenceAll();
    expect((await leavesFrom(size)).map(({ subject }) => subject)).toEqual(["aac-slow", "aac-fast"]);
  });

  test("that fails at its last step leaves nothing, and the next one takes the same leaves", async () => {
    const { size } = (await headOf(log.database)).frontier;
    await log.write("aac-crash", 2);
    const sign = (): never => {
      throw new Error("killed");
    };
    await expect(log.sequence({ signer: { ...log.signer, sign } })).rejects.toThrow("killed");
    await expect(leavesFrom(size)).resolves.toEqual([]);
    await expect(log.sequence()).resolves.toMatchObject({ added: 2 });
  });

  test("is made by one sequencer of many, and no leaf is there twice", async () => {
    const { size } = (await headOf(log.database)).frontier;
    await log.write("aac-race", 40);
    const rounds = Array.from({ length: 3 }, () =>
      Promise.all(Array.from({ length: 3 }, () => log.sequence({ limit: 7 }))),
    );
    await Promise.all(rounds);
    await log.sequenceAll();
    const leaves = await leavesFrom(size);
    expect(leaves.map(({ index }) => Number(index))).toEqual(Array.from({ length: 40 }, (_, n) => size + n));
    expect(new Set(leaves.map(({ leaf }) => leaf)).size).toBe(40);
  });

  test("goes into the month it is made in, and never into one before that", async () => {
    await log.write("aac-month");
    await log.sequence({ clock: () => new Date("2026-12-01T00:00:00Z") });
    await log.write("aac-month");
    await log.sequence();
    const { rows } = await log.database.query(
      "select tableoid::regclass::text as month from leaf where subject = 'aac-month' order by index",
    );
    expect(rows).toEqual([{ month: "leaf_2026_12" }, { month: "leaf_2026_12" }]);
  });

  test("of words that are not those of their hash is refused", async () => {
    await expect(
      log.database.query("insert into leaf values (9000000, $1, 'consent', 1, $1, 'aac-x', '{}', '\\x00')", [
        NOON,
      ]),
    ).rejects.toThrow("hash_of_leaf");
  });
});

describe("the log", () => {
  test("proves every leaf and every earlier tree from what it keeps", async () => {
    await log.write("aac-proof", 90);
    await log.consent.transaction(async (tx) => {
      for (let n = 0; n < 600; n += 1)
        await writeAuditLeaf(tx, { at: NOON, subject: "aac-many", value: { type: "consent.requested", n } });
    });
    await log.sequenceAll(64);
    const head = await headNow();
    expect(head.size).toBeGreaterThan(690);
    const read = nodeReader(log.database);
    for (const { index, leaf } of (await leavesFrom(0)).filter((_, n) => n % 23 === 0)) {
      const proof = await inclusionProof(Number(index), head.size, read);
      expect(provesInclusion(leafHash(Buffer.from(leaf)), Number(index), head, proof)).toBe(true);
    }
    const { rows } = await log.database.query<{ size: string; root: Buffer }>(
      "select size, root from checkpoint",
    );
    for (const { size, root } of rows) {
      const proof = await consistencyProof(Number(size), head.size, read);
      expect(provesConsistency({ size: Number(size), root }, head, proof)).toBe(true);
    }
  });

  test("keeps the leaves' hashes apart from the leaves", async () => {
    const { rows } = await log.database.query<{ leaves: Buffer }>(
      "select leaves from checkpoint order by size",
    );
    const hashes = (await leavesFrom(0)).map(({ leaf }) => leafHash(Buffer.from(leaf)));
    expect(splitHashes(Buffer.concat(rows.map(({ leaves }) => leaves)))).toEqual(hashes);
  });
});

describe("evidence", () => {
  const tables = ["audit.leaf", "audit.leaf_2026_11", "audit.node", "audit.checkpoint", "audit.audit_leaf"];
  const statements = tables.flatMap((table) => [
    `update ${table} set ${table.endsWith("checkpoint") ? "note = ''" : "index = 7"}`.replace(
      "audit_leaf set index = 7",
      "audit_leaf set subject = ''",
    ),
    `delete from ${table}`,
    `truncate ${table}`,
  ]);

  test.each([...LOGIN_ROLES])("is neither changed nor removed by %s", async (role) => {
    await asRole(log.stack, role, async (query) => {
      for (const sql of [
        ...statements,
        "update consent.audit_leaf set subject = ''",
        "delete from consent.audit_leaf",
      ])
        await expect(query(sql)).rejects.toThrow(/permission denied/);
    });
  });

  test("is neither changed nor removed by whoever migrates, in the owner's name", async () => {
    await asRole(log.stack, "migrator", async (query) => {
      await query("set role audit_owner");
      for (const sql of statements) await expect(query(sql)).rejects.toThrow(/never changed or removed/);
    });
  });
});

describe("a region that was failed over", () => {
  test("adds nothing to the log", async () => {
    await log.write("aac-epoch");
    await log.sequence({ epoch: 2 });
    await log.write("aac-epoch");
    await expect(log.sequence({ epoch: 1 })).rejects.toThrow("The log is at epoch 2, this process at 1");
    await expect(log.sequence({ epoch: 2 })).resolves.toMatchObject({ added: 1 });
  });
});
