import { access, clusterAccess, rule } from "./access.ts";
import { askingOf } from "./key-store.ts";
import { conversation, defaultDeny, ownApiServer } from "./network.ts";
import { configMap, type Manifest, namespace, serviceAccount } from "./objects.ts";
import { pinnedPods } from "./pinned-pods.ts";
import { deployment, temporary } from "./process.ts";
import { WATCHED } from "./region.ts";
import { ANY_API_SERVER, type HubSettings, NAMESPACE, OPERATOR } from "./settings.ts";

const OURS = "openbanking.wekeza.io";
const KINDS = "partners,consentpolicies,regions,failovergroups,approvals";
const account = { namespace: NAMESPACE.system, name: OPERATOR };

/**
 * How Node is started for the operator.
 *
 * What it reads either dies within milliseconds or stays in a cache, so a young generation of 8 MiB catches as much as
 * the 64 to which V8 lets it grow, and the same work takes no more processor time (docs/performance/operator.md).
 */
export const OPERATOR_NODE = ["--max-semi-space-size=4"];

/** What the operator may do in the hub; what it may do in a region, the hub's own included, is in region.ts. */
function rights(): readonly Manifest[] {
  const status = KINDS.split(",").map((kind) => `${kind}/status`);
  return [
    ...clusterAccess("wekeza:operator", account, [
      rule(`${OURS}/${KINDS}`, "get list watch"),
      rule(`${OURS}/${status.join(",")}`, "patch"),
      // Finalizers; a ConsentPolicy and an Approval have nothing to clean up.
      rule(`${OURS}/partners,regions,failovergroups`, "patch"),
      // A Region that no group names gets one of its own.
      rule(`${OURS}/failovergroups`, "create delete"),
      rule("certificates.k8s.io/certificatesigningrequests", "create get list watch delete"),
      rule("events.k8s.io/events", "create patch"),
      ...WATCHED,
    ]),
    ...access(NAMESPACE.system, "wekeza-operator", account, [
      rule("coordination.k8s.io/leases", "create"),
      rule("coordination.k8s.io/leases", "get update", ["wekeza-operator"]),
      // Kubeconfigs of regions and the operator's own signing key, each read by its name.
      rule("/secrets", "create get patch"),
    ]),
    ...access(NAMESPACE.hosts, "wekeza-operator", account, [rule("/secrets", "get")]),
    ...access(NAMESPACE.dns, "wekeza-operator", account, [
      rule("/configmaps", "create"),
      rule("/configmaps", "patch", ["records"]),
    ]),
  ];
}

/** What the operator reads at its start. */
function configuration({ images: { wekeza, postgres, redis, kafka }, zone }: HubSettings): string {
  const config = { images: { wekeza, postgres, redis, kafka }, zone, partnerZone: `partners.${zone}` };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}

/** The operator: two pods of which one leads, and what it may do in the hub. */
export function operator(settings: HubSettings): readonly Manifest[] {
  const text = configuration(settings);
  const asking = askingOf(settings.operatorKeyStore);
  const workload = deployment({
    namespace: NAMESPACE.system,
    name: OPERATOR,
    account: OPERATOR,
    image: settings.images.wekeza,
    command: ["node", ...OPERATOR_NODE, "operator/main.ts"],
    environment: { WEKEZA_CONFIG: "/etc/wekeza/config.json", ...asking.environment },
    replicas: 2,
    ports: { health: { port: 9090 } },
    probe: { live: "/healthz", ready: "/readyz" },
    mounts: [
      {
        volume: { name: "config", configMap: { name: "wekeza-operator-config", defaultMode: 0o444 } },
        mountPath: "/etc/wekeza",
      },
      ...asking.mounts,
      temporary,
    ],
    configuration: text,
    memory: 384,
  });
  return [
    namespace(NAMESPACE.system),
    namespace(NAMESPACE.hosts),
    ...workload.filter(({ kind }) => kind === "Deployment").flatMap(pinnedPods),
    ...defaultDeny(NAMESPACE.system),
    conversation({
      namespace: NAMESPACE.system,
      name: OPERATOR,
      // Its own API server and those of the regions, whose addresses are in Secrets that come later.
      calls: [...ownApiServer(settings.apiServer), ...ANY_API_SERVER, ...asking.calls],
    }),
    serviceAccount(NAMESPACE.system, OPERATOR),
    ...rights(),
    configMap(NAMESPACE.system, "wekeza-operator-config", { "config.json": text }),
    ...workload,
  ];
}
