import type { KubeObject, ObjectKey, Resource } from "./object.ts";

/** Query parameters; undefined ones are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** The URL path of a collection, an object or a subresource. A missing namespace means all namespaces. */
export function pathOf(
  resource: Resource<KubeObject>,
  where: Partial<ObjectKey> & { readonly subresource?: string | undefined },
  query: Query = {},
): string {
  const { apiVersion, plural, namespaced } = resource;
  const parts = [apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`];
  if (namespaced && where.namespace) parts.push("namespaces", encodeURIComponent(where.namespace));
  parts.push(plural);
  if (where.name !== undefined) {
    if (where.name === "" || where.name === "." || where.name === "..") {
      throw new Error(`"${where.name}" cannot be the name of a ${resource.kind}.`);
    }
    if (namespaced && !where.namespace) {
      throw new Error(`${resource.kind} "${where.name}" needs a namespace.`);
    }
    parts.push(encodeURIComponent(where.name));
  }
  if (where.subresource !== undefined) parts.push(where.subresource);
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  return search.size === 0 ? parts.join("/") : `${parts.join("/")}?${search.toString()}`;
}
