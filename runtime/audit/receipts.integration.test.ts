import { afterAll, beforeAll, expect, test } from "vitest";
import { asRole } from "../database/testing/stack-database.ts";
import { headOf, nodeReader } from "./log.ts";
import { startLog, type TestLog } from "./testing/audit-log.ts";
import { leafHash } from "./tree/hash.ts";
import { inclusionProof } from "./tree/proof.ts";

/** What `receipt_of` gives. */
interface Logged {
  readonly checkpoint: string;
  readonly leaves: readonly { readonly index: number; readonly leaf: string }[];
}

let log: TestLog;
beforeAll(async () => {
  log = await startLog();
});
afterAll(() => log.stop());

async function loggedOf(...subjects: readonly string[]): Promise<Logged | null> {
  const { rows } = await log.consent.query<{ logged: Logged | null }>(
    "select audit.receipt_of($1) as logged",
    [subjects],
  );
  return rows[0]?.logged ?? null;
}

test("of a log in which nothing is signed there is nothing to hand out", async () => {
  expect(await loggedOf("aac-1")).toBeNull();
});

test("the database proves every leaf by the same path as the service, across nodes that are kept and are not", async () => {
  await log.write("aac-proved", 600);
  // Checkpoints of many sizes, so that the hashes of a subtree lie in several.
  for (const limit of [1, 2, 3, 100, 150, 344]) await log.sequence({ limit });
  const { size } = (await headOf(log.database)).frontier;
  expect(size).toBe(600);
  const proofsOf = (tree: number): Promise<readonly Record<string, unknown>[]> =>
    asRole(log.stack, "audit", (query) =>
      query("select i as index, inclusion_proof(i, $1) as proof from unnest($2::bigint[]) i", [
        tree,
        PLACES.filter((index) => index < tree),
      ]),
    );
  const PLACES = [0, 1, 2, 127, 128, 255, 256, 257, 300, 511, 512, 513, 598, 599];
  for (const tree of [1, 2, 3, 255, 256, 257, 511, 512, 513, 599, 600]) {
    for (const { index, proof } of await proofsOf(tree)) {
      const want = await inclusionProof(Number(index), tree, nodeReader(log.database));
      expect([tree, index, proof]).toEqual([tree, index, want.map((hash) => hash.toString("base64"))]);
    }
  }
});

test("a leaf that the tree does not have is not proved, nor one whose nodes are gone", async () => {
  const refused = (index: number, size: number): Promise<unknown> =>
    log.database.query("select inclusion_proof($1, $2)", [index, size]);
  await expect(refused(600, 600)).rejects.toThrow("leaf 600 is not in a tree of 600 leaves");
  await expect(refused(-1, 600)).rejects.toThrow("leaf -1 is not in a tree");
  await expect(refused(0, 2_000)).rejects.toThrow("some are not kept");
});

test("a receipt has the leaves about its subjects in order, and of many uses the newest", async () => {
  await log.consent.transaction(async (tx) => {
    const leaf = async (type: string, n: number): Promise<void> => {
      const text = JSON.stringify({ consent: "vrp-1", n, type });
      await tx.query("insert into audit_leaf (at, subject, leaf, hash) values (now(), 'vrp-1', $1, $2)", [
        text,
        leafHash(Buffer.from(text)),
      ]);
    };
    await leaf("consent.authorised", 0);
    for (let n = 1; n <= 60; n += 1) await leaf("consent.used", n);
  });
  expect((await loggedOf("vrp-1"))?.leaves).toEqual([]);
  await log.sequenceAll();
  const leaves = (await loggedOf("vrp-1", "nobody"))?.leaves ?? [];
  const said = leaves.map(({ leaf }) => (JSON.parse(leaf) as { readonly n: number }).n);
  expect(said).toEqual([0, ...Array.from({ length: 49 }, (_, n) => n + 12)]);
});

test("a receipt of a payment that is made again and again still has what it was to be", async () => {
  await log.consent.transaction(async (tx) => {
    for (let n = 0; n <= 60; n += 1) {
      const type = n === 0 ? "payment.received" : "payment.updated";
      const text = JSON.stringify({ n, payment: "so-1", type });
      await tx.query("insert into audit_leaf (at, subject, leaf, hash) values (now(), 'so-1', $1, $2)", [
        text,
        leafHash(Buffer.from(text)),
      ]);
    }
  });
  await log.sequenceAll();
  const said = (await loggedOf("so-1"))?.leaves.map(({ leaf }) => (JSON.parse(leaf) as { n: number }).n);
  expect(said).toEqual([0, ...Array.from({ length: 49 }, (_, n) => n + 12)]);
});

test("who hands out receipts may ask for them, and for nothing else they are made of", async () => {
  await expect(log.consent.query("select audit.inclusion_proof(0, 600)")).rejects.toThrow(
    "permission denied",
  );
  await expect(log.consent.query("select leaf from audit.leaf")).rejects.toThrow("permission denied");
  await expect(asRole(log.stack, "oauth", (query) => query("select audit.receipt_of('{}')"))).rejects.toThrow(
    "permission denied",
  );
});
