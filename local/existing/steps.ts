import { join } from "node:path";
import { NAMESPACE } from "../../deploy/settings.ts";
import { platformImages } from "../image/images.ts";
import { pushImages } from "../image/push.ts";
import { referenceIn } from "../image/registry-address.ts";
import { keptLogin } from "../image/registry-login.ts";
import { connectRegistry } from "../image/registry.ts";
import { apply, type Kubectl } from "../platform/kubectl.ts";
import { everythingReady } from "../platform/ready.ts";
import { keptTrust } from "../platform/trust.ts";
import type { Step } from "../step.ts";
import { DEBIAN_ARCHITECTURE } from "../toolchain/debian.ts";
import { GO_MODULES, goPrograms } from "../toolchain/go.ts";
import { clusterObstacle } from "./cluster-check.ts";
import { clusterFacts } from "./cluster-facts.ts";
import { exampleResources, HERE, HOSTS } from "./examples.ts";
import { firstCall } from "./first-call.ts";
import { install, type References } from "./install.ts";
import { contextKubectl } from "./kubeconfig.ts";
import { addressed, patiently, rolledOut } from "./patience.ts";
import type { Target } from "./target.ts";

/** What puts the platform into a cluster of the user's own: hub and one region, each in its namespaces. */
export function existingSteps(target: Target, cache: string): readonly Step[] {
  const { context, registry, run, keyStore } = target;
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
        const named = Object.fromEntries(references) as References;
        await install(await cluster(), named, await trust(), keyStore?.operator);
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
      run: nothing(async () =>
        apply(await cluster(), await exampleResources(target.country, keyStore?.region)),
      ),
    },
    {
      name: "platform ready",
      async run() {
        const hub = await cluster();
        const count = await patiently(hub, [`stack-${HERE}`], (timeout) => everythingReady(hub, timeout));
        return `${count} resources`;
      },
    },
    { name: "a partner's first call", run: async () => firstCall(await cluster(), target) },
  ];
}

/** The cluster of a context, as the user whom the context names. */
export async function openContext(cache: string, context: string, run: string): Promise<Kubectl> {
  const program = join(await goPrograms(cache, GO_MODULES.kube), "kubectl");
  return contextKubectl(program, context, run, process.env);
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
