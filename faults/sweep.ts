import { consentPolicies, failoverGroups, partners, regions } from "../crds/resources.ts";
import type { Client } from "../kube/client.ts";
import { type KubeObject, keyOf, type Resource } from "../kube/object.ts";
import { namespaces, resourceTable } from "../kube/resources.ts";

const table = resourceTable([partners, consentPolicies, regions, failoverGroups] as never);

/** Removes what a run has left, whoever holds it; no controller of namespaces runs, so they are emptied here too. */
export async function sweep(admin: Client, left: readonly KubeObject[]): Promise<void> {
  const [spaces, things] = [
    left.filter(({ kind }) => kind === namespaces.kind),
    left.filter(({ kind }) => kind !== namespaces.kind),
  ];
  await Promise.all(things.map((object) => remove(admin, table.of(object), object)));
  await Promise.all(spaces.map((space) => removeNamespace(admin, space)));
}

/** Deletes an object whatever holds it. */
export async function remove(
  admin: Client,
  resource: Resource<KubeObject>,
  object: KubeObject,
): Promise<void> {
  if ((object.metadata.finalizers ?? []).length > 0)
    await admin
      .patch(resource, keyOf(object), { merge: { metadata: { finalizers: null } } })
      .catch(() => undefined);
  await admin.delete(resource, keyOf(object)).catch(() => undefined);
}

/** Ends a namespace as its controller would when it is empty. */
export async function removeNamespace(admin: Client, { metadata: { name } }: KubeObject): Promise<void> {
  await admin.delete(namespaces, { name });
  await finalizeNamespace(admin, name);
}

/** Lets a namespace go that is being deleted and is empty. */
export async function finalizeNamespace(admin: Client, name: string): Promise<void> {
  await admin.raw({
    method: "PUT",
    path: `/api/v1/namespaces/${name}/finalize`,
    body: { apiVersion: "v1", kind: "Namespace", metadata: { name }, spec: { finalizers: [] } },
    repeatable: true,
  });
}
