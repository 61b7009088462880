import { LIVE_CONSENTS } from "../crds/live-consents.ts";
import { access, clusterBinding, clusterRole, rule } from "./access.ts";
import { operatorBounds } from "./admission.ts";
import { serviceSigner } from "./authority.ts";
import { flowControl } from "./flow-control.ts";
import { STACK_KEYS } from "./keys.ts";
import { type Manifest, namespace, serviceAccount } from "./objects.ts";
import { stackPods } from "./pinned-pods.ts";
import { NAMESPACE, OPERATOR, type RegionSettings } from "./settings.ts";

const APPS = "apps/deployments,statefulsets";

/** Roles that stand ready in a region: the operator binds them by name and can make none of its own. */
function roles(): readonly Manifest[] {
  return [
    clusterRole("wekeza:service", [rule("certificates.k8s.io/certificatesigningrequests", "create get")]),
    clusterRole("wekeza:signed-config-reader", [rule("/configmaps", "get list watch")]),
    clusterRole("wekeza:server", [rule("coordination.k8s.io/leases", "create get list watch update")]),
    clusterRole("wekeza:reporter", [rule("coordination.k8s.io/leases", "create get update")]),
    clusterRole("wekeza:live-consents", [
      rule("coordination.k8s.io/leases", "create"),
      rule("coordination.k8s.io/leases", "get update", [LIVE_CONSENTS]),
    ]),
    clusterRole("wekeza:keys", [rule("/secrets", "create"), rule("/secrets", "get", STACK_KEYS)]),
    clusterRole("wekeza:stack-operator", [
      // The keys of a stack are none of its business.
      rule("/secrets", "create get list watch patch delete", ["host-tls"]),
      // What it reads of these, it reads in every namespace.
      rule("/configmaps,services,serviceaccounts", "create patch delete"),
      rule(APPS, "create patch delete"),
      // Those of StatefulSets that never got ready, when another revision is to take their place.
      rule("/pods", "list delete"),
      rule("batch/jobs", "create patch delete"),
      rule("autoscaling/horizontalpodautoscalers", "create patch delete"),
      rule("policy/poddisruptionbudgets", "create patch delete"),
      rule("networking.k8s.io/networkpolicies", "create patch delete"),
      rule("coordination.k8s.io/leases", "create patch"),
    ]),
  ];
}

/** What the operator watches in every cluster, the hub included: what stacks are made of, but no Secrets. */
export const WATCHED = [
  rule("/configmaps,services,serviceaccounts", "get list watch"),
  rule(APPS, "get list watch"),
  rule("batch/jobs", "get list watch"),
  rule("autoscaling/horizontalpodautoscalers", "get list watch"),
  rule("policy/poddisruptionbudgets", "get list watch"),
  rule("networking.k8s.io/networkpolicies", "get list watch"),
  rule("coordination.k8s.io/leases", "get list watch"),
  rule("/namespaces", "get list watch"),
  rule("rbac.authorization.k8s.io/rolebindings,clusterrolebindings", "get list watch"),
];

/** What the operator may do in a region: look at stacks' workloads, make namespaces of stacks, bind the roles of stacks. */
const OPERATOR_RULES = [
  rule("/namespaces", "create patch delete"),
  rule("rbac.authorization.k8s.io/rolebindings,clusterrolebindings", "create patch delete"),
  rule("rbac.authorization.k8s.io/clusterroles", "bind", [
    "wekeza:service",
    "wekeza:signed-config-reader",
    "wekeza:server",
    "wekeza:reporter",
    "wekeza:live-consents",
    "wekeza:keys",
    "wekeza:stack-operator",
  ]),
  ...WATCHED,
];

/** Everything a region's cluster needs before the operator can make stacks in it. */
export function regionManifests(settings: RegionSettings): readonly Manifest[] {
  const remote = { namespace: NAMESPACE.region, name: OPERATOR };
  const account = settings.hub ? { namespace: NAMESPACE.system, name: OPERATOR } : remote;
  const token = rule("/serviceaccounts/token", "create", [OPERATOR]);
  return [
    namespace(NAMESPACE.region),
    ...roles(),
    clusterRole("wekeza:region-operator", OPERATOR_RULES),
    clusterBinding("wekeza:region-operator", "wekeza:region-operator", account),
    // Where the API server is, for the stacks' network policies.
    ...access("default", "wekeza-api-address", account, [rule("discovery.k8s.io/endpointslices", "list")]),
    ...(settings.hub
      ? []
      : [
          serviceAccount(NAMESPACE.region, OPERATOR),
          ...access(NAMESPACE.region, OPERATOR, account, [token]),
        ]),
    ...operatorBounds([`system:serviceaccount:${account.namespace}:${account.name}`]),
    ...stackPods(settings.images.wekeza),
    ...flowControl({
      place: "region",
      accounts: [account, { namespace: NAMESPACE.region, name: "service-signer" }],
    }),
    ...serviceSigner(settings),
  ];
}
