import type { Client } from "../../kube/client.ts";
import { isAlreadyExists } from "../../kube/error.ts";
import type { ObjectKey } from "../../kube/object.ts";
import { secrets } from "../../kube/resources.ts";

/** What became of a copy: made now, or there before. */
export type Shared = "shared" | "present";

/**
 * Copies entries of a Secret into another namespace, under the same name. A copy that is there is never changed: pods
 * work with it.
 *
 * @throws Error when the source lacks an entry, or when the copy that is there says something else; KubeError when the
 * API server does not answer.
 */
export async function shareSecret(
  client: Client,
  source: ObjectKey,
  { namespace, entries }: { readonly namespace: string; readonly entries: readonly string[] },
): Promise<Shared> {
  const { data: all = {} } = (await client.get(secrets, source)) ?? {};
  const missing = entries.filter((entry) => all[entry] === undefined);
  if (missing.length > 0) throw new Error(`Secret ${source.name} lacks ${missing.join(", ")}.`);
  const { name } = source;
  const data = Object.fromEntries(entries.map((entry) => [entry, all[entry] ?? ""]));
  const { apiVersion, kind } = secrets;
  const labels = { "app.kubernetes.io/part-of": "wekeza", "app.kubernetes.io/name": "keys" };
  try {
    const metadata = { name, namespace, labels };
    await client.create(secrets, { apiVersion, kind, type: "Opaque", metadata, data });
    return "shared";
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
  const present = await client.get(secrets, { namespace, name });
  if (entries.every((entry) => present?.data?.[entry] === data[entry])) return "present";
  throw new Error(
    `Secret ${namespace}/${name} is not that of ${source.namespace}; delete it, and this Job copies it again.`,
  );
}
