import { createHash } from "node:crypto";

/** A tree that grows by one leaf after the other: the roots of its full subtrees, the largest first (RFC 9162). */
export class GrowingTree {
  #size: number;
  readonly #peaks: Buffer[];

  constructor(size = 0, peaks: readonly Buffer[] = []) {
    this.#size = size;
    this.#peaks = [...peaks];
  }

  get size(): number {
    return this.#size;
  }

  /** Adds the hash of a leaf. */
  add(leaf: Buffer): void {
    this.#peaks.push(leaf);
    this.#size += 1;
    // Two full subtrees of one size are one of twice that size: as many times as the new size has noughts at its end.
    for (let size = this.#size; size % 2 === 0; size /= 2) {
      const [left, right] = this.#peaks.splice(-2);
      if (left === undefined || right === undefined)
        throw new Error("A tree needs a peak for each bit of its size.");
      this.#peaks.push(hashNode(left, right));
    }
  }

  /** Its root now. */
  root(): Buffer {
    const peaks = [...this.#peaks];
    let root = peaks.pop() ?? createHash("sha256").digest();
    for (const left of peaks.reverse()) root = hashNode(left, root);
    return root;
  }

  /** A tree that goes its own way from here. */
  copy(): GrowingTree {
    return new GrowingTree(this.#size, this.#peaks);
  }
}

/** Hash of a leaf, from its words. */
export function hashLeaf(text: string): Buffer {
  return createHash("sha256").update(Buffer.of(0)).update(text, "utf8").digest();
}

function hashNode(left: Buffer, right: Buffer): Buffer {
  return createHash("sha256").update(Buffer.of(1)).update(left).update(right).digest();
}

/**
 * Root of the tree in which `leaf` stands at `index`, as an inclusion proof has it; whether that is the signed root is
 * for the caller to compare.
 *
 * @returns undefined when a proof of this length cannot be of this place.
 */
export function rootByProof(
  leaf: Buffer,
  index: number,
  size: number,
  proof: readonly Buffer[],
): Buffer | undefined {
  let hash = leaf;
  let [place, last] = [index, size - 1];
  const rest = [...proof];
  while (last > 0) {
    // The last of an odd row has no neighbour: it moves up as it is.
    if (place % 2 === 1 || place < last) {
      const neighbour = rest.shift();
      if (neighbour === undefined) return undefined;
      hash = place % 2 === 1 ? hashNode(neighbour, hash) : hashNode(hash, neighbour);
    }
    [place, last] = [Math.floor(place / 2), Math.floor(last / 2)];
  }
  return rest.length === 0 ? hash : undefined;
}
