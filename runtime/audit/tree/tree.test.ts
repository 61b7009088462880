import { hash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { append, EMPTY, fold, KEPT_LEVELS, rootOf, type Frontier } from "./frontier.ts";
import { EMPTY_ROOT, leafHash, nodeHash, splitHashes } from "./hash.ts";
import { consistencyProof, inclusionProof, type ReadNodes } from "./proof.ts";
import { provesConsistency, provesInclusion } from "./verify.ts";

/** Leaves and roots that the reference implementations of RFC 6962 are tested with. */
const LEAVES = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
];
const ROOTS = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/** The definition itself (RFC 9162 section 2.1.1), as slow as it is plain. */
function naiveRoot(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves;
  if (only === undefined) return EMPTY_ROOT;
  if (leaves.length === 1) return only;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return nodeHash(naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k)));
}

function hashes(count: number): readonly Buffer[] {
  return Array.from({ length: count }, (_, n) => leafHash(Buffer.from(`leaf ${n}`)));
}

/** A tree grown in steps, with everything it keeps. */
function grown(leaves: readonly Buffer[], step: number): { frontier: Frontier; read: ReadNodes } {
  const kept = new Map<string, Buffer>(leaves.map((leaf, n) => [`0/${n}`, leaf]));
  let frontier = EMPTY;
  for (let from = 0; from < leaves.length; from += step) {
    const { nodes, ...after } = append(frontier, leaves.slice(from, from + step));
    frontier = after.frontier;
    for (const { level, index, hash: node } of nodes) kept.set(`${level}/${index}`, node);
  }
  const read: ReadNodes = async (level, from, count) =>
    Array.from({ length: count }, (_, n) => kept.get(`${level}/${from + n}`)).filter(
      (each) => each !== undefined,
    );
  return { frontier, read };
}

const LARGE = hashes(600);
const large = grown(LARGE, 37);
const sizes = fc.integer({ min: 1, max: LARGE.length });

describe("the tree", () => {
  test.each(ROOTS.map((root, size) => ({ size, root })))(
    "of the first $size published leaves has the published root",
    ({ size, root }) => {
      const leaves = LEAVES.slice(0, size).map((hex) => leafHash(Buffer.from(hex, "hex")));
      expect(rootOf(append(EMPTY, leaves).frontier).toString("hex")).toBe(root);
    },
  );

  test("has the root of its definition, in whatever steps it grew", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 300 }), (size, step) => {
        const leaves = LARGE.slice(0, size);
        expect(rootOf(grown(leaves, step).frontier)).toEqual(naiveRoot(leaves));
      }),
      { numRuns: 30 },
    );
  });

  test("keeps the nodes of each eighth level as soon as they are full", () => {
    const { nodes } = append(EMPTY, LARGE);
    expect(nodes.map(({ level, index }) => [level, index])).toEqual([
      [8, 0],
      [8, 1],
    ]);
    expect(nodes[1]?.hash).toEqual(naiveRoot(LARGE.slice(256, 512)));
    expect(KEPT_LEVELS).toBe(8);
  });

  test("goes on from a frontier that was kept as bytes", () => {
    const { frontier } = append(EMPTY, LARGE.slice(0, 500));
    const kept = Buffer.concat(frontier.hashes);
    const after = append({ size: 500, hashes: splitHashes(kept) }, LARGE.slice(500));
    expect(rootOf(after.frontier)).toEqual(naiveRoot(LARGE));
    expect(fold(frontier.hashes)).toEqual(naiveRoot(LARGE.slice(0, 500)));
  });
});

describe("an inclusion proof", () => {
  test("proves every leaf of a tree of any size, and no other leaf, place or tree", async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), async (size, any) => {
        const index = any % size;
        const root = naiveRoot(LARGE.slice(0, size));
        const proof = await inclusionProof(index, size, large.read);
        const leaf = LARGE[index] ?? EMPTY_ROOT;
        expect(provesInclusion(leaf, index, { size, root }, proof)).toBe(true);
        expect(provesInclusion(leafHash(Buffer.from("other")), index, { size, root }, proof)).toBe(false);
        expect(provesInclusion(leaf, index + 1, { size, root }, proof)).toBe(false);
        expect(provesInclusion(leaf, index, { size, root: EMPTY_ROOT }, proof)).toBe(false);
        expect(provesInclusion(leaf, index, { size, root }, [...proof, leaf])).toBe(false);
        for (const n of proof.keys())
          expect(provesInclusion(leaf, index, { size, root }, proof.with(n, EMPTY_ROOT))).toBe(false);
      }),
      { numRuns: 30 },
    );
  });

  test("of a leaf that is not there is refused", () => {
    expect(() => inclusionProof(3, 3, large.read)).toThrow("Leaf 3 is not in a tree of 3 leaves.");
    expect(() => inclusionProof(-1, 3, large.read)).toThrow(RangeError);
  });

  test("is not made of nodes that are gone", async () => {
    await expect(inclusionProof(0, 600, async () => [])).rejects.toThrow(
      "Of 1 nodes of level 0 from 1 on, 0 are kept.",
    );
  });
});

describe("a consistency proof", () => {
  test("proves that a tree begins with any of its smaller ones, and nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(sizes, sizes, async (one, other) => {
        const [first, second] = [Math.min(one, other), Math.max(one, other)];
        const old = { size: first, root: naiveRoot(LARGE.slice(0, first)) };
        const young = { size: second, root: naiveRoot(LARGE.slice(0, second)) };
        const proof = await consistencyProof(first, second, large.read);
        expect(provesConsistency(old, young, proof)).toBe(true);
        expect(provesConsistency({ ...old, root: EMPTY_ROOT }, young, proof)).toBe(false);
        expect(provesConsistency(old, { ...young, root: EMPTY_ROOT }, proof)).toBe(false);
        expect(provesConsistency(old, young, [...proof, EMPTY_ROOT])).toBe(false);
        for (const n of proof.keys())
          expect(provesConsistency(old, young, proof.with(n, EMPTY_ROOT))).toBe(false);
      }),
      { numRuns: 30 },
    );
  });

  test("is needed for nothing: every tree begins with the empty one", async () => {
    const empty = { size: 0, root: EMPTY_ROOT };
    const young = { size: 5, root: naiveRoot(LARGE.slice(0, 5)) };
    await expect(consistencyProof(0, 5, large.read)).resolves.toEqual([]);
    expect(provesConsistency(empty, young, [])).toBe(true);
  });

  test("never makes a tree smaller", () => {
    expect(() => consistencyProof(6, 5, large.read)).toThrow("A tree of 5 leaves cannot begin with 6.");
    const root = hash("sha256", "x", "buffer");
    expect(provesConsistency({ size: 6, root }, { size: 5, root }, [])).toBe(false);
  });
});
