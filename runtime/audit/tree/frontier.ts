import { EMPTY_ROOT, nodeHash } from "./hash.ts";

/**
 * All that is needed of a tree to append to it: the roots of its largest full subtrees, left to right; one for each bit
 * of the size.
 */
export interface Frontier {
  /** Leaves. */
  readonly size: number;
  readonly hashes: readonly Buffer[];
}

/** A full subtree: `level` 0 is a leaf; it spans the leaves from `index` × 2^level on. */
export interface Subtree {
  readonly level: number;
  readonly index: number;
}

/** A subtree that became full, with its hash. */
export interface Node extends Subtree {
  readonly hash: Buffer;
}

/** Levels between the nodes that are kept: 256 hashes of one kept level make one of the next, as in C2SP tlog-tiles. */
export const KEPT_LEVELS = 8;

export const EMPTY: Frontier = { size: 0, hashes: [] };

/** The tree with more leaves, and the nodes to keep that became full on the way. */
export function append(
  { size, hashes }: Frontier,
  leaves: readonly Buffer[],
): { readonly frontier: Frontier; readonly nodes: readonly Node[] } {
  const stack = [...hashes];
  const nodes: Node[] = [];
  let count = size;
  for (const leaf of leaves) {
    let hash = leaf;
    let level = 0;
    // As in adding one to a binary number: each full subtree on the right takes its equal on the left along.
    for (let index = count; index % 2 === 1; index = (index - 1) / 2) {
      hash = nodeHash(stack.pop() ?? hash, hash);
      level += 1;
      if (level % KEPT_LEVELS === 0) nodes.push({ level, index: (index - 1) / 2, hash });
    }
    stack.push(hash);
    count += 1;
  }
  return { frontier: { size: count, hashes: stack }, nodes };
}

/** Root of a tree (RFC 9162 section 2.1.1). */
export function rootOf({ hashes }: Frontier): Buffer {
  return hashes.length === 0 ? EMPTY_ROOT : fold(hashes);
}

/** One hash of neighbouring full subtrees, the largest at the left. */
export function fold(hashes: readonly Buffer[]): Buffer {
  return hashes.reduceRight((right, left) => nodeHash(left, right));
}
