import { fingerprint } from "./canonical.ts";
import type { KubeObject, ObjectKey, Resource } from "./object.ts";
import { HOME } from "./plan.ts";

/** The words by which a program marks what is its own. */
export interface OwnershipMarks {
  /** Prefix of labels and annotations, without slash: `example.org`. */
  readonly prefix: string;
  /** Value of `app.kubernetes.io/managed-by` and field manager of objects; status is written as `<managedBy>-status`. */
  readonly managedBy: string;
}

/** Label selector of everything a program made. */
export function ownSelector({ managedBy }: OwnershipMarks): string {
  return `app.kubernetes.io/managed-by=${managedBy}`;
}

/** Labels that tie an object to its owner, in whatever cluster either is. */
export function ownerLabels(
  owner: KubeObject,
  { prefix, managedBy }: OwnershipMarks,
): Record<string, string> {
  const { namespace, name, uid } = owner.metadata;
  return {
    "app.kubernetes.io/managed-by": managedBy,
    [`${prefix}/owner-kind`]: owner.kind,
    ...(namespace === undefined ? {} : { [`${prefix}/owner-namespace`]: namespace }),
    // Label values end at 63 characters, names at 253; the UID finds the owner all the same.
    ...(name.length > 63 ? {} : { [`${prefix}/owner-name`]: name }),
    [`${prefix}/owner-uid`]: uid ?? "",
  };
}

/** Whether an object carries our mark and this owner's UID: only then is it changed or deleted. */
export function isOwned(
  object: KubeObject,
  owner: KubeObject,
  { prefix, managedBy }: OwnershipMarks,
): boolean {
  const labels = object.metadata.labels ?? {};
  return (
    labels["app.kubernetes.io/managed-by"] === managedBy &&
    labels[`${prefix}/owner-uid`] === owner.metadata.uid
  );
}

/** Which object of a kind owns this one, if one does. */
export function ownerKeyOf(
  object: KubeObject,
  { kind }: Resource<KubeObject>,
  { prefix, managedBy }: OwnershipMarks,
): ObjectKey | undefined {
  const labels = object.metadata.labels ?? {};
  const name = labels[`${prefix}/owner-name`];
  const ours =
    labels["app.kubernetes.io/managed-by"] === managedBy && labels[`${prefix}/owner-kind`] === kind;
  if (!ours || name === undefined) return undefined;
  const namespace = labels[`${prefix}/owner-namespace`];
  return namespace === undefined ? { name } : { namespace, name };
}

/** The annotation with the fingerprint of what was applied last: tells that a field is no longer wanted. */
export const appliedAnnotation = ({ prefix }: OwnershipMarks): string => `${prefix}/applied`;

/**
 * An object as it is applied: with the owner's labels, a reference to an owner beside it, and the fingerprint of it all.
 */
export function marked(
  object: KubeObject,
  cluster: string,
  owner: KubeObject,
  marks: OwnershipMarks,
): KubeObject {
  const { metadata } = object;
  const beside =
    cluster === HOME &&
    (owner.metadata.namespace === undefined || owner.metadata.namespace === metadata.namespace) &&
    owner.metadata.uid !== undefined;
  const reference = {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid ?? "",
    controller: true,
    blockOwnerDeletion: false,
  };
  const whole: KubeObject = {
    ...encoded(object),
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, ...ownerLabels(owner, marks) },
      ...(beside && !metadata.ownerReferences ? { ownerReferences: [reference] } : {}),
    },
  };
  const annotations = { ...metadata.annotations, [appliedAnnotation(marks)]: fingerprint(whole) };
  return { ...whole, metadata: { ...whole.metadata, annotations } };
}

/** `stringData` of a Secret can be written but never read back, so it is sent as `data`. */
function encoded(object: KubeObject): KubeObject {
  if (object.kind !== "Secret" || object.apiVersion !== "v1") return object;
  const { stringData, data, ...rest } = object as KubeObject & {
    readonly stringData?: Readonly<Record<string, string>>;
    readonly data?: Readonly<Record<string, string>>;
  };
  if (!stringData) return object;
  const more = Object.entries(stringData).map(([name, text]) => [name, Buffer.from(text).toString("base64")]);
  return { ...rest, data: { ...data, ...Object.fromEntries(more) } } as KubeObject;
}
