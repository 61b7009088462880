import { createClient, type Client } from "../../kube/client.ts";
import { inClusterCredentials } from "../../kube/in-cluster.ts";
import { kubeconfigFileCredentials } from "../../kube/kubeconfig.ts";

/** The API server of this region: by the pod's ServiceAccount, or by the file KUBECONFIG names, as tests do. */
export async function regionClient(
  service: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Client> {
  const path = env["KUBECONFIG"];
  const credentials =
    path === undefined || path === ""
      ? await inClusterCredentials(env)
      : await kubeconfigFileCredentials(path);
  return createClient(credentials, { userAgent: `wekeza-${service}` });
}
