import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ClusterName, instanceOf, type InstancePlan, planOf } from "./address-plan.ts";
import { type Cluster, clusterFolder } from "./cluster/cluster.ts";
import { clusterTools, type Tools } from "./cluster/tools.ts";
import { type AppImages, appImages, type FoundationImages, foundationImages } from "./image/images.ts";
import { cacheFolder, runFolder } from "./paths.ts";

/** The clusters of one instance on this machine, and what they are made of. Each part is made when first asked for. */
export interface Installation {
  readonly instance: InstancePlan;
  readonly cache: string;
  /** Folder of the running clusters' state: kubeconfigs, logs, `bin/kubectl`. */
  readonly run: string;
  readonly tools: () => Promise<Tools>;
  readonly foundation: () => Promise<FoundationImages>;
  readonly apps: () => Promise<AppImages>;
  readonly clusters: () => Promise<readonly Cluster[]>;
}

/** The instance that the environment names (WEKEZA_INSTANCE, XDG_CACHE_HOME). @throws RangeError as {@link instanceOf}. */
export function installation(environment: NodeJS.ProcessEnv): Installation {
  const instance = planOf(instanceOf(environment));
  const cache = cacheFolder(environment);
  const run = runFolder(environment, instance.instance);
  const tools = once(() => clusterTools(cache));
  const foundation = once(() => foundationImages(cache));
  return {
    instance,
    cache,
    run,
    tools,
    foundation,
    apps: once(() => appImages(cache)),
    clusters: once(async () => {
      const parts = { instance, tools: await tools(), images: await foundation() };
      return instance.clusters.map((plan) => ({ ...parts, plan, folder: clusterFolder(run, plan.name) }));
    }),
  };
}

/** Where a cluster's administrator finds the kubeconfig. */
export function kubeconfigPath({ run }: Pick<Installation, "run">, name: ClusterName): string {
  return join(run, `${name}.kubeconfig`);
}

/** Where the kubectl that fits these clusters is. */
export function kubectlPath({ run }: Pick<Installation, "run">): string {
  return join(run, "bin/kubectl");
}

/** Writes what people and the next steps use: kubeconfigs, kubectl, and the references of all images as JSON. */
export async function publish(installation: Installation): Promise<void> {
  const { run } = installation;
  await mkdir(join(run, "bin"), { recursive: true });
  const links: Record<string, string> = {
    [kubectlPath(installation)]: join((await installation.tools()).kubernetes, "kubectl"),
  };
  for (const { plan, folder } of await installation.clusters()) {
    links[kubeconfigPath(installation, plan.name)] = join(folder.certificates, "admin.kubeconfig");
  }
  for (const [path, target] of Object.entries(links)) {
    await rm(path, { force: true });
    await symlink(target, path);
  }
  const images = Object.values({ ...(await installation.foundation()), ...(await installation.apps()) });
  const references = Object.fromEntries(images.map(({ name, reference }) => [name, reference]));
  await writeFile(join(run, "images.json"), `${JSON.stringify(references, undefined, 2)}\n`);
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
