import { rm } from "node:fs/promises";
import { KINDS } from "../../crds/kinds.ts";
import { GROUP } from "../../crds/kind.ts";
import type { Kubectl } from "../platform/kubectl.ts";
import type { Step } from "../step.ts";
import { OURS, list } from "./cluster-facts.ts";

/** Longest wait for the operator to take away what it made; after that it is taken away without it. */
const FAREWELL = "--timeout=120s";

/** Partners before their groups, groups before their Regions: each waits for what refers to it. */
const ORDER = ["partners", "consentpolicies", "failovergroups", "regions"];

const SELECTORS = OURS.map((label) => `--selector=${label.join("=")}`);

/** Kinds outside the platform's namespaces that the installation, the operator or the quickstart make. */
const SCATTERED = [
  "clusterrolebindings",
  "clusterroles",
  "validatingadmissionpolicybindings",
  "validatingadmissionpolicies",
  "certificatesigningrequests",
  "flowschemas",
  "prioritylevelconfigurations",
];

interface Named {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** What takes the platform out of a cluster of the user's own, and nothing else. Each step is safe to repeat. */
export function removalSteps(cluster: () => Promise<Kubectl>, run: string): readonly Step[] {
  return [
    { name: "partners, groups, regions", run: async () => removeResources(await cluster()) },
    { name: "namespaces", run: async () => removeNamespaces(await cluster()) },
    { name: "roles, policies, requests", run: async () => removeScattered(await cluster()) },
    { name: "kinds", run: async () => removeKinds(await cluster()) },
    {
      name: "keys and kubeconfig on this machine",
      async run() {
        await rm(run, { recursive: true, force: true });
        return run;
      },
    },
  ];
}

async function removeResources(cluster: Kubectl): Promise<string | undefined> {
  const known = await ourKinds(cluster);
  let count = 0;
  for (const plural of ORDER) {
    const name = `${plural}.${GROUP}`;
    if (!known.includes(name)) continue;
    const found = await list<Named>(cluster, [name, "--all-namespaces"]);
    count += found.length;
    if (found.length === 0) continue;
    const scope = found[0]?.metadata.namespace === undefined ? [] : ["--all-namespaces"];
    await cluster(["delete", name, "--all", ...scope, FAREWELL]).catch(async () => {
      for (const { metadata } of await list<Named>(cluster, [name, "--all-namespaces"])) {
        const namespace = metadata.namespace === undefined ? [] : [`--namespace=${metadata.namespace}`];
        const patch = '{"metadata":{"finalizers":null}}';
        await cluster(["patch", name, metadata.name, ...namespace, "--type=merge", `--patch=${patch}`]);
      }
    });
  }
  return count === 0 ? undefined : `${count}`;
}

async function removeNamespaces(cluster: Kubectl): Promise<string | undefined> {
  const names = new Set<string>();
  for (const selector of SELECTORS)
    for (const { metadata } of await list<Named>(cluster, ["namespaces", selector])) names.add(metadata.name);
  if (names.size === 0) return undefined;
  await cluster(["delete", "namespace", ...names, "--ignore-not-found", "--timeout=300s"]);
  return [...names].join(", ");
}

async function removeScattered(cluster: Kubectl): Promise<undefined> {
  const quiet = ["--ignore-not-found", "--timeout=60s"];
  for (const selector of SELECTORS) {
    await cluster(["delete", SCATTERED.join(","), selector, ...quiet]);
    await cluster(["delete", "roles,rolebindings", "--namespace=default", selector, ...quiet]);
  }
  for (const signer of ["partner-mtls", "service"]) {
    const field = `--field-selector=spec.signerName=${GROUP}/${signer}`;
    await cluster(["delete", "certificatesigningrequests", field, ...quiet]);
  }
}

async function removeKinds(cluster: Kubectl): Promise<undefined> {
  const names = await ourKinds(cluster);
  if (names.length > 0) await cluster(["delete", "crd", ...names, "--ignore-not-found", "--timeout=60s"]);
}

/** The CRDs that an installation put there. */
async function ourKinds(cluster: Kubectl): Promise<readonly string[]> {
  const ours = KINDS.map(({ plural }) => `${plural}.${GROUP}`);
  const found = await list<Named>(cluster, ["crd", "--selector=app.kubernetes.io/part-of=wekeza"]);
  return found.map(({ metadata }) => metadata.name).filter((name) => ours.includes(name));
}
