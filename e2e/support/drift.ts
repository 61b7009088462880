import type { KubeObject } from "../../kube/object.ts";
import { acceptedValues, type Replacement } from "./accepted-values.ts";
import type { Observation } from "./observation.ts";
import { type Leaf, ownedLeaves, valueAt } from "./owned-fields.ts";
import { OPERATOR, type OwnedObject, presentState } from "./owned-objects.ts";
import { isSigned, isSignedAnew } from "./signed-words.ts";

/** Longest time until what a hand changed is as it was, in ms. */
export const RESTORED_WITHIN = 10_000;

/** A change by hand that the API server would accept. */
export interface Change {
  readonly owned: OwnedObject;
  readonly before: KubeObject;
  /** Values that are changed, all at once. */
  readonly replacements: readonly Replacement[];
}

/** What came of a change or of a deletion. */
export interface Repair {
  /** Milliseconds until everything was restored. */
  readonly after: number;
  /** What was not restored in time; undefined when all was. */
  readonly problem: string | undefined;
}

/**
 * How to change every value that the operator set in an object.
 *
 * @param touch picks the values to change; the others are left.
 * @param learned shared by the objects of a kind: see `acceptedValues`.
 */
export async function changeOf(
  owned: OwnedObject,
  touch: (leaf: Leaf) => boolean,
  learned: Map<string, number>,
): Promise<Change> {
  const before = await presentState(owned);
  if (before === undefined) throw new Error(`${owned.text} is in the inventory but does not exist.`);
  const leaves = ownedLeaves(before, OPERATOR).filter(touch);
  const replacements = await acceptedValues(leaves, (all) => replace(owned, all, true), learned);
  return { owned, before, replacements };
}

/** Changes an object by hand and waits until each value is as it was. */
export async function changeByHand(
  { owned, before, replacements }: Change,
  observation: Observation,
): Promise<Repair> {
  const { metadata } = await replace(owned, replacements, false);
  const wrongIn = (object: KubeObject | undefined): readonly string[] =>
    replacements.filter((each) => !isRestored(each, before, object)).map(({ leaf }) => leaf.pointer);
  const holds = (object: KubeObject): boolean => wrongIn(object).length === 0;
  const after = await observation.becomes(owned, metadata.resourceVersion, holds, RESTORED_WITHIN);
  if (after !== undefined) return { after, problem: undefined };
  const wrong = wrongIn(observation.seen(owned)).join(", ");
  return { after: RESTORED_WITHIN, problem: `${owned.text}: not restored: ${wrong}` };
}

/** Deletes an object by hand and waits until there is a new one with everything the operator set. */
export async function deleteByHand(owned: OwnedObject, observation: Observation): Promise<Repair> {
  const before = await presentState(owned);
  if (before === undefined) throw new Error(`${owned.text} is in the inventory but does not exist.`);
  const { client, resource, entry } = owned;
  const wanted = lastingLeaves(before);
  await client.delete(resource, { namespace: entry.namespace, name: entry.name });
  const holds = (object: KubeObject): boolean =>
    object.metadata.uid !== before.metadata.uid && lastingLeaves(object) >= wanted;
  const after = await observation.becomes(owned, undefined, holds, RESTORED_WITHIN);
  if (after !== undefined) return { after, problem: undefined };
  return { after: RESTORED_WITHIN, problem: `${owned.text}: not made again` };
}

/** Number of fields that are there again; what tells pods of an account younger than their workload is not needed by a new one. */
function lastingLeaves(object: KubeObject): number {
  return ownedLeaves(object, OPERATOR).filter(({ pointer }) => !pointer.endsWith("~1account-uid")).length;
}

function isRestored(
  { leaf, value }: Replacement,
  before: KubeObject,
  object: KubeObject | undefined,
): boolean {
  const now = valueAt(object, leaf.pointer);
  return now === leaf.value || (isSigned(before) && now !== value && isSignedAnew(before, object));
}

function replace(
  { client, resource, entry }: OwnedObject,
  replacements: readonly Replacement[],
  dryRun: boolean,
): Promise<KubeObject> {
  const operations = replacements.map(({ leaf: { pointer: path }, value }) => ({
    op: "replace",
    path,
    value,
  }));
  const key = { namespace: entry.namespace, name: entry.name };
  return client.patch(resource, key, { json: operations }, { dryRun, fieldManager: "e2e" });
}
