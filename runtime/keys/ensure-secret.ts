import type { Client } from "../../kube/client.ts";
import { isAlreadyExists } from "../../kube/error.ts";
import { secrets } from "../../kube/resources.ts";

/** What became of a Secret: made now, or there before. */
export type Ensured = "made" | "present";

/**
 * Makes a Secret unless it exists. One that exists is never changed: its keys are in use.
 *
 * @throws Error when the Secret that exists lacks an entry, with its names; KubeError when the API server does not answer.
 */
export async function ensureSecret(
  client: Client,
  key: { readonly namespace: string; readonly name: string },
  make: () => Readonly<Record<string, string>>,
): Promise<Ensured> {
  const contents = make();
  const before = await client.get(secrets, key);
  if (before !== undefined) return complete(key.name, before.data ?? {}, contents);
  const data = Object.fromEntries(
    Object.entries(contents).map(([name, text]) => [name, Buffer.from(text).toString("base64")]),
  );
  const { apiVersion, kind } = secrets;
  const labels = { "app.kubernetes.io/part-of": "wekeza", "app.kubernetes.io/name": "keys" };
  try {
    await client.create(secrets, { apiVersion, kind, type: "Opaque", metadata: { ...key, labels }, data });
    return "made";
  } catch (error) {
    // Another run of this Job was first; both would have made as good ones.
    if (isAlreadyExists(error)) return "present";
    throw error;
  }
}

function complete(
  name: string,
  data: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): Ensured {
  const missing = Object.keys(wanted).filter((entry) => data[entry] === undefined);
  if (missing.length === 0) return "present";
  throw new Error(
    `Secret ${name} exists but lacks ${missing.join(", ")}; add it, or delete the Secret (which ends every session) and run this Job again.`,
  );
}
