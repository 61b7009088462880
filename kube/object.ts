/** What every object carries about itself. Times are RFC 3339 strings, as on the wire. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly uid?: string | undefined;
  /** Opaque but ordered within one resource type (KEP-5504): see `compareVersions`. */
  readonly resourceVersion?: string | undefined;
  /** Counts changes of the spec. */
  readonly generation?: number | undefined;
  readonly creationTimestamp?: string | undefined;
  /** Set while the object waits for its finalizers. */
  readonly deletionTimestamp?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly finalizers?: readonly string[] | undefined;
  readonly ownerReferences?: readonly OwnerReference[] | undefined;
  readonly managedFields?: readonly unknown[] | undefined;
}

/** The object that another one belongs to; the garbage collector deletes the dependent after its owner. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean | undefined;
  readonly blockOwnerDeletion?: boolean | undefined;
}

/** Any Kubernetes object, as plain JSON. Interfaces of kinds extend it with their spec and status. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** An object of a kind that has no interface here; fields are read with a check. */
export interface Manifest extends KubeObject {
  readonly [field: string]: unknown;
}

/** Where an object is, within one kind of one cluster. Cluster-scoped objects have no namespace. */
export interface ObjectKey {
  readonly namespace?: string | undefined;
  readonly name: string;
}

/**
 * A kind as the API server serves it.
 *
 * The type parameter is the object's shape; it exists for the compiler only.
 */
export interface Resource<T extends KubeObject = Manifest> {
  /** `v1`, `apps/v1`, `example.org/v1alpha1`. */
  readonly apiVersion: string;
  readonly kind: string;
  /** The name in URLs, such as `deployments`. */
  readonly plural: string;
  readonly namespaced: boolean;
  /**
   * Lists in this kind that are merged by key, beyond those every kind shares (containers, env, conditions …):
   * field name → the keys of an entry. All other lists are compared and replaced as a whole.
   */
  readonly listKeys?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Never set: carries `T`. */
  readonly object?: T | undefined;
}

/** Names a kind to the kit; the way to add a custom resource: `resource<Partner>({…})`. */
export function resource<T extends KubeObject = Manifest>(
  definition: Omit<Resource<T>, "object">,
): Resource<T> {
  return definition;
}

/** The key of an object. */
export function keyOf({ metadata }: { readonly metadata: ObjectMeta }): ObjectKey {
  return metadata.namespace === undefined
    ? { name: metadata.name }
    : { namespace: metadata.namespace, name: metadata.name };
}

/** `namespace/name`, or `name` for a cluster-scoped object: what queues carry and people read. */
export function keyText({ namespace, name }: ObjectKey): string {
  return namespace === undefined || namespace === "" ? name : `${namespace}/${name}`;
}

/** The reverse of {@link keyText}. */
export function parseKey(text: string): ObjectKey {
  const slash = text.indexOf("/");
  return slash < 0 ? { name: text } : { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}

/** `apps/v1 Deployment`: one word for a kind, for maps and messages. */
export function kindText({
  apiVersion,
  kind,
}: {
  readonly apiVersion: string;
  readonly kind: string;
}): string {
  return `${apiVersion} ${kind}`;
}

/**
 * Which of two resource versions of one resource type is newer: negative, zero or positive.
 *
 * They are unsigned decimal numbers without leading zeros (KEP-5504) that may exceed 2^53: the longer one is greater.
 */
export function compareVersions(a: string | undefined, b: string | undefined): number {
  const left = a ?? "";
  const right = b ?? "";
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}
