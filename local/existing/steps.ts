import { join } from "node:path";
import { hubManifests } from "../../deploy/hub.ts";
import { regionManifests } from "../../deploy/region.ts";
import { ANY_API_SERVER, type ApiServerAddress, NAMESPACE } from "../../deploy/settings.ts";
import { platformImages } from "../image/images.ts";
import { pushImages } from "../image/push.ts";
import { referenceIn } from "../image/registry-address.ts";
import { keptLogin } from "../image/registry-login.ts";
import { connectRegistry } from "../image/registry.ts";
import { apply, type Kubectl } from "../platform/kubectl.ts";
import { applyInstallation } from "../platform/platform.ts";
import { everythingReady } from "../platform/ready.ts";
import { hubSecrets, regionSecrets } from "../platform/secrets.ts";
import { keptTrust, type Trust, ZONE } from "../platform/trust.ts";
import type { Step } from "../step.ts";
import { DEBIAN_ARCHITECTURE } from "../toolchain/debian.ts";
import { GO_MODULES, goPrograms } from "../toolchain/go.ts";
import { clusterObstacle } from "./cluster-check.ts";
import { clusterFacts, list } from "./cluster-facts.ts";
import { exampleResources, HERE, HOSTS } from "./examples.ts";
import { firstCall } from "./first-call.ts";
import { contextKubectl } from "./kubeconfig.ts";
import { addressed, explained, PATIENCE, rolledOut } from "./patience.ts";
import type { Target } from "./target.ts";
import { balancerComplaint, podComplaint, type PodView, type ServiceView } from "./waiting.ts";

/** What puts the platform into a cluster of the user's own: hub and one region, each in its namespaces. */
export function existingSteps(target: Target, cache: string): readonly Step[] {
  const { context, registry, run } = target;
  const cluster = once(() => openContext(cache, context, run));
  const trust = () =>
    keptTrust(join(run, "trust"), { regions: [HERE], hosts: { [HERE]: Object.values(HOSTS) } }, new Date());
  const images = once(() => platformImages(cache));
  return [
    { name: "kubectl", run: nothing(() => goPrograms(cache, GO_MODULES.kube)) },
    {
      name: `context ${context}`,
      async run() {
        const facts = await clusterFacts(context, await cluster());
        const authority = (await trust()).partner.intermediateCertificate;
        const obstacle = clusterObstacle(facts, { architecture: DEBIAN_ARCHITECTURE, authority });
        if (obstacle !== undefined) throw new Error(obstacle);
        return facts.version;
      },
    },
    { name: "images", run: nothing(images) },
    {
      name: `images in ${registry.host}`,
      async run() {
        const connection = await connectRegistry(registry, await keptLogin(process.env, registry.host));
        try {
          const pushed = await pushImages(connection, Object.values(await images()));
          const sent = pushed.reduce((sum, each) => sum + each.sent, 0);
          return sent === 0 ? undefined : `${(sent / 1e6).toFixed(1)} MB sent`;
        } finally {
          await connection.close();
        }
      },
    },
    {
      name: "hub and region",
      run: nothing(async () => {
        const made = Object.entries(await images());
        const references = made.map(([name, { reference }]) => [name, referenceIn(registry, reference)]);
        await install(await cluster(), Object.fromEntries(references) as Names, await trust());
      }),
    },
    {
      name: "operator, approver, signers, name server",
      run: nothing(async () => {
        const { system, approver, signer, region, dns } = NAMESPACE;
        await rolledOut(await cluster(), [system, approver, signer, region, dns]);
      }),
    },
    {
      name: "load balancer",
      run: async () => `name server at ${await addressed(await cluster(), NAMESPACE.dns, "dns")}`,
    },
    {
      name: "examples",
      run: nothing(async () => apply(await cluster(), await exampleResources(target.country))),
    },
    {
      name: "platform ready",
      async run() {
        const hub = await cluster();
        const count = await explained(
          () => everythingReady(hub, PATIENCE),
          () => complaints(hub),
        );
        return `${count} resources`;
      },
    },
    { name: "a partner's first call", run: async () => firstCall(await cluster(), target) },
  ];
}

/** The cluster of a context, as the user whom the context names. */
export async function openContext(cache: string, context: string, run: string): Promise<Kubectl> {
  return contextKubectl(join(await goPrograms(cache, GO_MODULES.kube), "kubectl"), context, run);
}

type Names = Readonly<Record<"wekeza" | "postgres" | "redis" | "coredns", string>>;

async function install(cluster: Kubectl, images: Names, trust: Trust): Promise<void> {
  const apiServer = await apiServers(cluster);
  await applyInstallation(
    cluster,
    [
      ...hubManifests({ images, zone: ZONE, apiServer, automaticApproval: true }),
      ...regionManifests({ images, apiServer, hub: true }),
    ],
    [...hubSecrets(trust), ...regionSecrets(trust, HERE)],
  );
}

/** Policies are enforced behind the Service of the API server, whose own port differs from cluster to cluster. */
async function apiServers(cluster: Kubectl): Promise<readonly ApiServerAddress[]> {
  const slices = await list<{ readonly ports?: readonly { readonly port?: number }[] }>(cluster, [
    "endpointslices",
    "--namespace=default",
    "--selector=kubernetes.io/service-name=kubernetes",
  ]);
  const ports = slices.flatMap((slice) => slice.ports ?? []).map(({ port }) => port ?? 443);
  const others = [...new Set(ports)].filter((port) => ANY_API_SERVER.every((known) => known.port !== port));
  return [...ANY_API_SERVER, ...others.map((port) => ({ cidr: "0.0.0.0/0", port }))];
}

async function complaints(cluster: Kubectl): Promise<readonly (string | undefined)[]> {
  const namespace = `--namespace=stack-${HERE}`;
  const [pods, services] = await Promise.all([
    list<PodView>(cluster, ["pods", namespace]),
    list<ServiceView>(cluster, ["services", namespace]),
  ]);
  return [...pods.map(podComplaint), balancerComplaint(services)];
}

function nothing(work: () => Promise<unknown>): Step["run"] {
  return async () => {
    await work();
    return undefined;
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
