import { afterAll, beforeAll, expect, test } from "vitest";
import { type Client, createClient } from "../../kube/client.ts";
import { kubeconfigCredentials } from "../../kube/kubeconfig.ts";
import type { KubeObject } from "../../kube/object.ts";
import { namespaces, pods, resourceTable, statefulSets } from "../../kube/resources.ts";
import { type ControlPlane, startControlPlane } from "../../local/testing/control-plane.ts";
import { until } from "../../local/wait.ts";
import { renderStack } from "../stack/render.ts";
import type { Stack } from "../stack/stack.ts";
import { eastAfrica } from "../stack/testing/example.ts";
import { observedKey, type Workload } from "./component.ts";
import { leftPodsIn, replacePods } from "./left-pods.ts";

interface Pod extends KubeObject {
  readonly spec: { readonly [containers: string]: readonly { readonly image: string }[] | undefined };
}

let plane: ControlPlane;
let admin: Client;
const good: Stack = { ...eastAfrica, readReplicas: { replicas: 2, storage: "1Gi" } };
const bad: Stack = { ...good, images: { ...good.images, postgres: "bad:1", wekeza: "bad:1" } };
const { namespace } = good;

beforeAll(async () => {
  // What Kubernetes is on its way to: there the controller leaves such a pod alone, whatever the pod management.
  const controllerManagerArgs = ["--feature-gates=MaxUnavailableStatefulSet=true"];
  plane = await startControlPlane({ controllerManager: true, controllerManagerArgs });
  admin = createClient(kubeconfigCredentials(plane.kubeconfig, { trusted: false }), { userAgent: "test" });
  const metadata = { name: namespace };
  await admin.apply(namespaces, { apiVersion: "v1", kind: "Namespace", metadata }, by);
});
afterAll(async () => {
  await admin?.close();
  await plane?.stop();
});

const by = { fieldManager: "operator", force: true };
const PATIENCE = { timeout: 30_000, every: 50 };

async function apply(stack: Stack, name: string): Promise<void> {
  const objects = renderStack(stack).filter(
    ({ kind, metadata }) => metadata.name === name && ["StatefulSet", "ServiceAccount"].includes(kind),
  );
  await Promise.all(objects.map((each) => admin.apply(resourceTable().of(each), each, by)));
}

async function setOf(name: string): Promise<Workload> {
  return (await admin.get(statefulSets, { namespace, name })) as Workload;
}

async function podsOf(name: string): Promise<readonly Pod[]> {
  const { items } = await admin.list(pods, { namespace });
  return (items as unknown as readonly Pod[]).filter(
    ({ metadata }) => metadata.name.replace(/-\d+$/, "") === name,
  );
}

const isBad = ({ spec: { containers = [], initContainers = [] } }: Pod): boolean =>
  [...containers, ...initContainers].some(({ image }) => image === "bad:1");

/** No node runs them: what a kubelet would say of the good ones is said here. */
async function sayReady(name: string): Promise<void> {
  const status = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
  for (const { metadata } of (await podsOf(name)).filter((each) => !isBad(each)))
    await admin.patch(
      pods,
      { namespace, name: metadata.name },
      { merge: { status } as never },
      { subresource: "status" },
    );
}

async function getReady(name: string, replicas: number): Promise<void> {
  const ready = async () => {
    await sayReady(name);
    return (await setOf(name)).status?.readyReplicas === replicas;
  };
  await until(ready, { ...PATIENCE, what: `${name} to be ready` });
}

/** What the operator sees of a StatefulSet, once its controller has answered to what was applied last. */
async function leftIn(name: string) {
  const answered = async () => {
    const set = await setOf(name);
    return set.status?.observedGeneration === set.metadata.generation ? set : undefined;
  };
  const set = await until(answered, { ...PATIENCE, what: `the controller to have seen ${name}` });
  const observed = new Map([[observedKey({ ...set, kind: "StatefulSet" }), { ...set, kind: "StatefulSet" }]]);
  return leftPodsIn(admin, namespace, observed);
}

test.each([
  ["postgres", 1],
  ["redis", 1],
  ["postgres-read", 2],
])(
  "the pod of %s that never got ready with a bad image gives way to a good one, even where Kubernetes keeps it",
  async (name, replicas) => {
    await apply(good, name);
    await getReady(name, replicas);
    expect(await leftIn(name)).toEqual([]);

    await apply(bad, name);
    const stuck = async () => (await podsOf(name)).find((each) => isBad(each));
    // The controller may make the old one once more before it makes the bad one.
    const replacing = () => sayReady(name).then(stuck);
    const pod = await until(replacing, { ...PATIENCE, what: `a pod of ${name} with the bad image` });
    await apply(good, name);
    const left = await leftIn(name);
    expect(left.map(({ uid }) => uid)).toEqual([pod.metadata.uid]);

    // It changed since it was looked at, as when it gets ready in that moment.
    const merge = { metadata: { annotations: { changed: "since" } } } as never;
    await admin.patch(pods, { namespace, name: pod.metadata.name }, { merge });
    await replacePods(admin, left);
    expect((await stuck())?.metadata.uid).toBe(pod.metadata.uid);

    await replacePods(admin, await leftIn(name));
    const replaced = async () => {
      const all = await podsOf(name);
      return all.length === replicas && !all.some(isBad);
    };
    await until(replaced, { ...PATIENCE, what: `the pods of ${name} to be good` });
    expect(await leftIn(name)).toEqual([]);
  },
  120_000,
);
