import { afterAll, beforeAll, expect, test } from "vitest";
import { declareEpoch } from "./epoch.ts";
import { headOf } from "./log.ts";
import { NOON, startLog, type TestLog } from "./testing/audit-log.ts";
import { leafHash } from "./tree/hash.ts";
import { rootOf } from "./tree/frontier.ts";

let log: TestLog;
beforeAll(async () => {
  log = await startLog();
});
afterAll(() => log.stop());

async function newestLeaf(epoch: number): Promise<unknown> {
  await log.sequence({ epoch });
  const { rows } = await log.database.query<{ leaf: string }>(
    "select leaf from leaf order by index desc limit 1",
  );
  return JSON.parse(rows[0]?.leaf ?? "null") as unknown;
}

test("the first epoch is the first leaf, and declared once however many start", async () => {
  const first = { origin: log.signer.name, number: 1, region: "ke" };
  const declared = await Promise.all([1, 2, 3].map(() => declareEpoch(log.database, first, NOON)));
  expect(declared.filter(Boolean)).toHaveLength(1);
  expect(await newestLeaf(1)).toEqual({
    type: "audit.epoch",
    at: NOON.toISOString(),
    epoch: 1,
    region: "ke",
  });
  expect((await headOf(log.database)).frontier.size).toBe(1);
});

test("a new epoch says which tree it goes on from", async () => {
  await log.write("aac-1", 4);
  await log.sequence();
  const { frontier } = await headOf(log.database);
  const root = rootOf(frontier);
  const witnessed = { size: 5, root };
  await declareEpoch(log.database, { origin: log.signer.name, number: 2, region: "eu", witnessed }, NOON);
  expect(await newestLeaf(2)).toEqual({
    type: "audit.epoch",
    at: NOON.toISOString(),
    epoch: 2,
    region: "eu",
    after: { epoch: 1, size: 5, root: root.toString("base64") },
  });
});

test("where a witness has signed more than was taken over, the fork is declared", async () => {
  const lost = { size: 9, root: leafHash(Buffer.from("what the lost region had")) };
  await declareEpoch(
    log.database,
    { origin: log.signer.name, number: 3, region: "ke", witnessed: lost },
    NOON,
  );
  expect(await newestLeaf(3)).toMatchObject({
    epoch: 3,
    after: { epoch: 2, size: 6 },
    fork: { size: 9, root: lost.root.toString("base64") },
  });
});
