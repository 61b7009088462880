import type { ClusterEvent } from "../../kube/clusters.ts";
import { KubeError } from "../../kube/error.ts";
import type { ObjectKey } from "../../kube/object.ts";
import { type Controller, HOME } from "../../kube/plan.ts";
import { secrets, serviceAccounts } from "../../kube/resources.ts";
import {
  type FailoverGroupObject,
  failoverGroups,
  type RegionObject,
  regions,
} from "../../crds/resources.ts";
import { KUBECONFIG_KEY } from "./engagement.ts";
import { observe, type RegionDependencies } from "./observe.ts";
import { type Action, plan, type Status } from "./plan.ts";
import { withToken } from "./token.ts";
import type { World } from "./world.ts";

/** Life of the operator's token for a region, in seconds. */
const TOKEN_SECONDS = 86_400;

/** Keeps the operator's way into every region, and says what runs there. */
export function regionController(
  dependencies: RegionDependencies,
): Controller<RegionObject, World, Status, Action> {
  return {
    name: "region",
    resource: regions,
    observe: (region) => observe(region, dependencies),
    plan,
    act: (action, region) => renewToken(action, region, dependencies),
    // An expired token would lock the operator out of a paused region.
    isSafety: () => true,
  };
}

/** Asks the region for a new token and puts it into the Secret. The old one stays good until its own end. */
async function renewToken(
  { account }: Action,
  region: RegionObject,
  { clusters, engagement, namespace }: RegionDependencies,
): Promise<void> {
  const { name } = region.metadata;
  const home = clusters.get(HOME);
  const cluster = clusters.get(name);
  const secretName = region.spec.cluster?.kubeconfigSecretRef.name;
  if (!home || !cluster || secretName === undefined) return;
  const body = {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { expirationSeconds: TOKEN_SECONDS },
  };
  const answer = await cluster.client.createSubresource<{ readonly status?: { readonly token?: string } }>(
    serviceAccounts,
    account,
    "token",
    body,
  );
  const token = answer.status?.token;
  if (token === undefined)
    throw new KubeError(`Region ${name} answered a TokenRequest without a token.`, { reason: "Malformed" });
  const key = { namespace, name: secretName };
  const secret = await home.client.get(secrets, key);
  const text = Buffer.from(secret?.data?.[KUBECONFIG_KEY] ?? "", "base64").toString();
  const kubeconfig = Buffer.from(withToken(text, token)).toString("base64");
  const { resourceVersion } = secret?.metadata ?? {};
  await home.client.patch(secrets, key, {
    merge: { metadata: { resourceVersion }, data: { [KUBECONFIG_KEY]: kubeconfig } },
  });
  await engagement.ensure(region);
}

/** Regions that a change of a group concerns: its members, now and before. */
export function wakesRegions(): (event: ClusterEvent) => readonly ObjectKey[] {
  return ({ cluster, resource, change }) => {
    if (cluster !== HOME || resource.kind !== failoverGroups.kind) return [];
    const { object, previous } = change as {
      readonly object: unknown;
      readonly previous?: unknown;
    };
    const members = [object, previous].flatMap(
      (each) => (each as FailoverGroupObject | undefined)?.spec.members ?? [],
    );
    return [...new Set(members)].map((name) => ({ name }));
  };
}
