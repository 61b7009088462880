import { GROUP } from "../crds/kind.ts";
import type { KubeObject } from "../kube/object.ts";
import { type OwnershipMarks, ownerLabels } from "../kube/ownership.ts";

/** How everything the operator makes is marked; the field managers are `wekeza-operator` and `wekeza-operator-status`. */
export const MARKS: OwnershipMarks = { prefix: GROUP, managedBy: "wekeza-operator" };

/** Keeps a resource until what was made for it is gone. */
export const FINALIZER = `${GROUP}/operator`;

/** Name of the operator's ServiceAccount, in the hub and in every region. */
export const ACCOUNT = "wekeza-operator";

/**
 * Whether an object was made for a resource of the same kind and name, though of another UID: that resource is gone,
 * and this one stands in its place. So a hub rebuilt from Git takes its stacks over instead of standing before them.
 */
export function madeForNamesake(live: KubeObject, owner: KubeObject): boolean {
  const { [`${GROUP}/owner-uid`]: _, ...wanted } = ownerLabels(owner, MARKS);
  const labels = live.metadata.labels ?? {};
  const named = wanted[`${GROUP}/owner-name`] !== undefined;
  return named && Object.entries(wanted).every(([name, value]) => labels[name] === value);
}
