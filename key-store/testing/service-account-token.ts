import type { Client } from "../../kube/client.ts";

/** A token of a ServiceAccount, as the kubelet projects it into a pod; for the API server itself without an audience. */
export async function tokenOf(
  client: Client,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  audiences: readonly string[] = [],
): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const asked = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { audiences } };
  const { body } = await client.raw({ method: "POST", path, body: asked, repeatable: true });
  return (body as { readonly status: { readonly token: string } }).status.token;
}
