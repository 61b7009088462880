import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { hubManifests } from "../../deploy/hub.ts";
import { regionManifests } from "../../deploy/region.ts";
import type { HubSettings } from "../../deploy/settings.ts";
import type { ClusterName, ClusterPlan } from "../address-plan.ts";
import { type Installation, kubeconfigPath, kubectlPath } from "../installation.ts";
import { REPOSITORY } from "../paths.ts";
import { hostsOf } from "./host-names.ts";
import { apply, type Kubectl, kubectl } from "./kubectl.ts";
import { hasAccess, regionAccess } from "./region-access.ts";
import { hubSecrets, type Manifest, regionSecrets } from "./secrets.ts";
import { keptTrust, type Trust, ZONE } from "./trust.ts";

/** Resources that `make up` applies, as the README shows them. */
export const EXAMPLES = join(REPOSITORY, "crds/examples");

/** The regions of a local platform: every cluster but the hub. */
export const REGIONS = ["ke", "eu"] as const satisfies readonly ClusterName[];

/** The administrator's kubectl for one of the clusters. */
export function administrator(installation: Installation, name: ClusterName): Kubectl {
  return kubectl(kubectlPath(installation), kubeconfigPath(installation, name));
}

/** The authorities of this platform; made when first asked for. */
export async function trustOf(installation: Installation): Promise<Trust> {
  const groups = await readFile(join(EXAMPLES, "failover-groups.yaml"), "utf8");
  return keptTrust(
    join(installation.run, "trust"),
    {
      regions: REGIONS,
      hosts: { ...hostsOf(groups), default: REGIONS.map((region) => `*.${region}.${ZONE}`) },
    },
    new Date(),
  );
}

/** Puts into a region what must stand there before the operator comes. */
export async function installRegion(
  installation: Installation,
  name: (typeof REGIONS)[number],
): Promise<void> {
  const { wekeza } = await installation.apps();
  const manifests = regionManifests({
    images: { wekeza: wekeza.reference },
    apiServer: apiServerOf(planNamed(installation, name)),
  });
  await applyInstallation(
    administrator(installation, name),
    manifests,
    regionSecrets(await trustOf(installation), name),
  );
}

/**
 * Puts the operator, approver, signer and name server into the hub, and the keys each of them needs.
 *
 * @param stores where keys are that are in no Secret.
 */
export async function installHub(
  installation: Installation,
  stores: Pick<HubSettings, "operatorKeyStore"> = {},
): Promise<void> {
  const [{ wekeza, postgres, kafka }, { redis, coredns }] = [
    await installation.apps(),
    await installation.foundation(),
  ];
  const hub = administrator(installation, "hub");
  const manifests = hubManifests({
    images: {
      wekeza: wekeza.reference,
      postgres: postgres.reference,
      redis: redis.reference,
      ...(kafka === undefined ? {} : { kafka: kafka.reference }),
      coredns: coredns.reference,
    },
    zone: ZONE,
    apiServer: apiServerOf(planNamed(installation, "hub")),
    nameServerAddress: installation.instance.platformDns,
    automaticApproval: true,
    ...stores,
  });
  await applyInstallation(hub, manifests, [
    ...hubSecrets(await trustOf(installation)),
    ...(await missingAccess(installation, hub)),
  ]);
}

/** Namespaces first, then the secrets, so that no pod waits for a key that comes after it. */
export async function applyInstallation(
  cluster: Kubectl,
  manifests: readonly Manifest[],
  secrets: readonly Manifest[],
): Promise<void> {
  const isEarly = ({ kind }: Manifest) => kind === "Namespace" || kind === "CustomResourceDefinition";
  await apply(cluster, [...manifests.filter(isEarly), ...secrets]);
  await apply(
    cluster,
    manifests.filter((manifest) => !isEarly(manifest)),
  );
}

async function missingAccess(installation: Installation, hub: Kubectl): Promise<readonly Manifest[]> {
  const clusters = await installation.clusters();
  const program = kubectlPath(installation);
  const wanted = await Promise.all(
    REGIONS.map(async (name) => {
      // Before the first installation there is no namespace to look into, and kubectl says "not found" all the same.
      if (await hasAccess(name, hub, (file) => kubectl(program, file))) return [];
      const cluster = clusters.find(({ plan }) => plan.name === name);
      if (cluster === undefined) throw new Error(`Region ${name} has no cluster.`);
      const authority = await readFile(join(cluster.folder.certificates, "ca.crt"), "utf8");
      return [
        await regionAccess(name, administrator(installation, name), {
          server: cluster.plan.server,
          authority,
        }),
      ];
    }),
  );
  return wanted.flat();
}

function planNamed({ instance }: Installation, name: ClusterName): ClusterPlan {
  const plan = instance.clusters.find((cluster) => cluster.name === name);
  if (plan === undefined) throw new Error(`There is no cluster ${name}.`);
  return plan;
}

/** A pod reaches its API server through the Service address, which becomes the node's. */
function apiServerOf({ apiService, node }: ClusterPlan) {
  return [
    { cidr: `${apiService}/32`, port: 443 },
    { cidr: `${node}/32`, port: 6443 },
  ];
}
