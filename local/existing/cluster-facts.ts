import { NAMESPACE } from "../../deploy/settings.ts";
import { CommandError } from "../command.ts";
import type { Kubectl } from "../platform/kubectl.ts";
import type { ClusterFacts } from "./cluster-check.ts";
import { HERE } from "./examples.ts";

interface Item {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

interface Node extends Item {
  readonly status: { readonly nodeInfo: { readonly architecture: string } };
}

interface Secret extends Item {
  readonly data?: Readonly<Record<string, string>>;
}

/** Labels (key and value) by which everything is found that the installation, the operator or the quickstart made. */
export const OURS = [
  ["app.kubernetes.io/part-of", "wekeza"],
  ["app.kubernetes.io/managed-by", "wekeza-operator"],
  ["app.kubernetes.io/part-of", "wekeza-quickstart"],
] as const;

/** Namespace of the quickstart's partner. */
const QUICKSTART = "quickstart";

const DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class";

/** Looks at a cluster without changing anything. */
export async function clusterFacts(context: string, cluster: Kubectl): Promise<ClusterFacts> {
  const { serverVersion } = JSON.parse(await cluster(["version", "--output=json"])) as {
    readonly serverVersion: { readonly gitVersion: string };
  };
  const mayEverything = await cluster(["auth", "can-i", "*", "*", "--all-namespaces"]).then(
    () => true,
    (error: unknown) => {
      // It ends with status 1 for "no", and writes that word to its output.
      if (error instanceof CommandError && error.status === 1) return false;
      throw error;
    },
  );
  // Who may not do everything may not look at the rest either.
  const nothing = { architectures: [], defaultStorage: false, namespaces: [], authority: undefined };
  const version = serverVersion.gitVersion;
  if (!mayEverything) return { context, version, mayEverything, ...nothing };
  const nodes = await list<Node>(cluster, ["nodes"]);
  const classes = await list<Item>(cluster, ["storageclasses"]);
  const namespaces = await list<Item>(cluster, ["namespaces"]);
  const names: readonly string[] = [...Object.values(NAMESPACE), `stack-${HERE}`, QUICKSTART];
  const [secret] = await list<Secret>(cluster, [
    "secrets",
    `--namespace=${NAMESPACE.signer}`,
    "--field-selector=metadata.name=partner-ca",
  ]);
  const certificate = Buffer.from(secret?.data?.["tls.crt"] ?? "", "base64").toString();
  return {
    context,
    version,
    mayEverything,
    architectures: [...new Set(nodes.map(({ status }) => status.nodeInfo.architecture))].sort(),
    defaultStorage: classes.some(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === "true"),
    namespaces: namespaces
      .filter(({ metadata }) => names.includes(metadata.name))
      .map(({ metadata: { name, labels } }) => ({ name, ours: isOurs(labels) })),
    authority: certificate === "" ? undefined : certificate,
  };
}

function isOurs(labels: Readonly<Record<string, string>> = {}): boolean {
  return OURS.some(([key, value]) => labels[key] === value);
}

/** The objects that `kubectl get` finds. */
export async function list<T>(cluster: Kubectl, args: readonly string[]): Promise<readonly T[]> {
  return (JSON.parse(await cluster(["get", ...args, "--output=json"])) as { readonly items: readonly T[] })
    .items;
}
