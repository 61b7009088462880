import { afterAll, beforeAll, expect, test } from "vitest";
import { asRole } from "../database/testing/stack-database.ts";
import { headOf, nodeReader } from "./log.ts";
import { dropMonth, liftHold, placeHold } from "./retention.ts";
import { NOON, startLog, type TestLog } from "./testing/audit-log.ts";
import { leafHash } from "./tree/hash.ts";
import { inclusionProof } from "./tree/proof.ts";
import { parseCheckpoint } from "./checkpoint/checkpoint.ts";
import { parseNote } from "./checkpoint/note.ts";
import { provesInclusion } from "./tree/verify.ts";

const MANIFEST = "a".repeat(64);

let log: TestLog;
beforeAll(async () => {
  log = await startLog();
  await log.write("aac-old", 12);
  await log.sequence({ clock: () => new Date("2016-03-05T10:00:00Z") });
  await log.write("aac-new", 5);
  await log.sequenceAll();
});
afterAll(() => log.stop());

async function leaf(index: number): Promise<string | undefined> {
  const { rows } = await log.database.query<{ leaf: string }>("select leaf from leaf where index = $1", [
    index,
  ]);
  return rows[0]?.leaf;
}

test("a month younger than seven years is not dropped", async () => {
  await expect(dropMonth(log.database, "2026-11", MANIFEST, new Date("2040-01-01"))).rejects.toThrow(
    "leaves of 2026-11 are kept until 2033-12-01",
  );
});

test("a month that is held is not dropped until every hold is lifted", async () => {
  const holds = [
    await placeHold(log.database, "2016-03", "case 12/2026", NOON),
    await placeHold(log.database, "2016-03", "tax audit", NOON),
  ];
  for (const hold of holds) {
    await expect(dropMonth(log.database, "2016-03", MANIFEST, NOON)).rejects.toThrow(
      "leaves of 2016-03 are held",
    );
    await expect(liftHold(log.database, hold, NOON)).resolves.toBe(true);
    await expect(liftHold(log.database, hold, NOON)).resolves.toBe(false);
  }
});

test("nobody drops, holds or lifts but by these functions", async () => {
  await asRole(log.stack, "audit", async (query) => {
    for (const sql of [
      "drop table leaf_2016_03",
      "insert into hold values (default)",
      "update hold set lifted_at = now()",
      "delete from hold",
    ])
      await expect(query(sql)).rejects.toThrow(/permission denied|must be owner/);
  });
  await asRole(log.stack, "consent", async (query) => {
    await expect(query("select audit.drop_month('2016-03-01')")).rejects.toThrow("permission denied");
  });
});

test("a month that was kept long enough goes, the log says so, and what is left is still proved", async () => {
  await expect(leaf(3)).resolves.toBeDefined();
  await dropMonth(log.database, "2016-03", MANIFEST, NOON);
  await expect(leaf(3)).resolves.toBeUndefined();
  await log.sequenceAll();
  const { rows } = await log.database.query<{ leaf: string }>(
    "select leaf from leaf where subject = '2016-03' order by index",
  );
  expect(rows.map((row) => JSON.parse(row.leaf) as object).at(-1)).toMatchObject({
    type: "audit.month-dropped",
    first: 0,
    last: 11,
    manifest: MANIFEST,
  });
  const { note, frontier } = await headOf(log.database);
  const proof = await inclusionProof(12, frontier.size, nodeReader(log.database));
  const words = Buffer.from((await leaf(12)) ?? "");
  expect(provesInclusion(leafHash(words), 12, parseCheckpoint(parseNote(note).text), proof)).toBe(true);
  await expect(dropMonth(log.database, "2016-03", MANIFEST, NOON)).rejects.toThrow(
    "there are no leaves of 2016-03",
  );
});
