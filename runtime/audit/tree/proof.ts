import { fold, KEPT_LEVELS, type Subtree } from "./frontier.ts";
import { nodeHash } from "./hash.ts";

/** Leaves from `start` up to, not including, `end`. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Hashes of full subtrees that are kept: `count` of them at a level from an index on. Asked only for levels that are a
 * multiple of {@link KEPT_LEVELS}, leaves (0) among them.
 */
export type ReadNodes = (level: number, from: number, count: number) => Promise<readonly Buffer[]>;

/**
 * Proof that the leaf `index` is in the tree of `size` leaves (RFC 9162 section 2.1.3.1).
 *
 * @throws RangeError when the tree has no such leaf.
 */
export function inclusionProof(index: number, size: number, read: ReadNodes): Promise<readonly Buffer[]> {
  if (!(index >= 0 && index < size))
    throw new RangeError(`Leaf ${index} is not in a tree of ${size} leaves.`);
  return hashesOf(path(index, { start: 0, end: size }), read);
}

/**
 * Proof that the tree of `second` leaves begins with the one of `first` (RFC 9162 section 2.1.4.1). Empty when either
 * is empty or both are the same.
 *
 * @throws RangeError when the first is the larger.
 */
export function consistencyProof(first: number, second: number, read: ReadNodes): Promise<readonly Buffer[]> {
  if (!(first >= 0 && first <= second))
    throw new RangeError(`A tree of ${second} leaves cannot begin with ${first}.`);
  if (first === 0 || first === second) return Promise.resolve([]);
  return hashesOf(subProof(first, { start: 0, end: second }, true), read);
}

function path(index: number, range: Range): readonly Range[] {
  if (range.end - range.start === 1) return [];
  const [left, right] = halves(range);
  return index < left.end ? [...path(index, left), right] : [...path(index, right), left];
}

function subProof(first: number, range: Range, known: boolean): readonly Range[] {
  if (first === range.end) return known ? [] : [range];
  const [left, right] = halves(range);
  return first <= left.end
    ? [...subProof(first, left, known), right]
    : [...subProof(first, right, false), left];
}

/** Where a tree parts: at the largest power of two below its size. */
function halves({ start, end }: Range): readonly [Range, Range] {
  let width = 1;
  while (width * 2 < end - start) width *= 2;
  return [
    { start, end: start + width },
    { start: start + width, end },
  ];
}

function hashesOf(ranges: readonly Range[], read: ReadNodes): Promise<readonly Buffer[]> {
  return Promise.all(
    ranges.map(async (range) => fold(await Promise.all(subtreesOf(range).map((each) => hashOf(each, read))))),
  );
}

/** The full subtrees of a range that begins where a full subtree of at least its size may begin. */
function subtreesOf({ start, end }: Range): readonly Subtree[] {
  const subtrees: Subtree[] = [];
  for (let from = start; from < end;) {
    const level = Math.floor(Math.log2(end - from));
    subtrees.push({ level, index: from / 2 ** level });
    from += 2 ** level;
  }
  return subtrees;
}

async function hashOf({ level, index }: Subtree, read: ReadNodes): Promise<Buffer> {
  const below = level % KEPT_LEVELS;
  const count = 2 ** below;
  let hashes = await read(level - below, index * count, count);
  if (hashes.length !== count)
    throw new Error(
      `Of ${count} nodes of level ${level - below} from ${index * count} on, ${hashes.length} are kept.`,
    );
  while (hashes.length > 1) hashes = pairs(hashes);
  const [hash] = hashes;
  if (hash === undefined) throw new Error(`Node ${index} of level ${level} is not kept.`);
  return hash;
}

function pairs(hashes: readonly Buffer[]): readonly Buffer[] {
  return hashes.flatMap((left, n) => {
    const right = hashes[n + 1];
    return n % 2 === 0 && right !== undefined ? [nodeHash(left, right)] : [];
  });
}
