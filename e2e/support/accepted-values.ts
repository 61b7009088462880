import { type Leaf, otherValues, type Scalar, valueAt } from "./owned-fields.ts";
import type { KubeObject } from "../../kube/object.ts";

/** A value that a hand puts in place of another. */
export interface Replacement {
  readonly leaf: Leaf;
  readonly value: Scalar;
}

/**
 * For each value another one that the API server accepts, all of them at once.
 *
 * Found by dry runs of many values together, halved where the server refuses: most values take their first replacement.
 * What takes none is left out: a key, a selector, whatever else the server lets nobody change.
 *
 * @param attempt the object as it would be; throws when the server refuses.
 * @param learned what earlier objects of the kind took, kept from one call to the next: their answers are tried first.
 */
export async function acceptedValues(
  leaves: readonly Leaf[],
  attempt: (replacements: readonly Replacement[]) => Promise<KubeObject>,
  learned = new Map<string, number>(),
): Promise<readonly Replacement[]> {
  const accepted: Replacement[] = [];
  const fixed = new Set<Leaf>();
  const tryAll = async (group: readonly Replacement[]): Promise<readonly Leaf[]> => {
    if (group.length === 0) return [];
    const together = [...accepted, ...group];
    let refusal = "";
    const after = await attempt(together).catch((error: unknown) => void (refusal = String(error)));
    if (after && together.every(({ leaf, value }) => valueAt(after, leaf.pointer) === value)) {
      accepted.push(...group);
      return [];
    }
    const [only] = group;
    if (only && group.length === 1) {
      if (IMMUTABLE.test(refusal)) fixed.add(only.leaf);
      return [only.leaf];
    }
    const middle = group.length >> 1;
    return [...(await tryAll(group.slice(0, middle))), ...(await tryAll(group.slice(middle)))];
  };
  let open = leaves.map((leaf) => {
    const values = otherValues(leaf.value);
    const index = learned.get(patternOf(leaf));
    // What no object took before is hardly taken now.
    if (index === undefined || index < 0)
      return { leaf, values: index === undefined ? values : values.slice(0, 2) };
    return { leaf, values: [...values.slice(index, index + 1), ...values.toSpliced(index, 1)] };
  });
  while (open.length > 0) {
    const refused = await tryAll(
      open.flatMap(({ leaf, values: [value] }) => (value === undefined ? [] : [{ leaf, value }])),
    );
    const again = new Set(refused);
    open = open.flatMap(({ leaf, values: [, ...rest] }) =>
      again.has(leaf) && !fixed.has(leaf) && rest.length > 0 ? [{ leaf, values: rest }] : [],
    );
  }
  const taken = new Map(accepted.map(({ leaf, value }) => [leaf, value]));
  for (const leaf of leaves) {
    const value = taken.get(leaf);
    const index = value === undefined ? -1 : otherValues(leaf.value).indexOf(value);
    learned.set(patternOf(leaf), Math.max(index, learned.get(patternOf(leaf)) ?? -1));
  }
  return accepted;
}

/** How the API server says that a value can never change. */
const IMMUTABLE = /immutable|updates to statefulset spec|may not be changed|cannot be changed/i;

/** Where a value is in every object of the kind: `/spec/ports/#/port`. */
function patternOf({ pointer }: Leaf): string {
  return pointer.replaceAll(/\/\d+(?=\/|$)/g, "/#");
}
