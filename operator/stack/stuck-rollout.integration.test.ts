import { afterAll, beforeAll, expect, test } from "vitest";
import { type Client, createClient } from "../../kube/client.ts";
import { kubeconfigCredentials } from "../../kube/kubeconfig.ts";
import type { Manifest } from "../../kube/object.ts";
import { namespaces, pods, resourceTable, statefulSets } from "../../kube/resources.ts";
import { type ControlPlane, startControlPlane } from "../../local/testing/control-plane.ts";
import { until } from "../../local/wait.ts";
import { renderStack } from "./render.ts";
import { eastAfrica } from "./testing/example.ts";

let plane: ControlPlane;
let admin: Client;

beforeAll(async () => {
  plane = await startControlPlane({ controllerManager: true });
  admin = createClient(kubeconfigCredentials(plane.kubeconfig, { trusted: false }), { userAgent: "test" });
  const { namespace: name } = eastAfrica;
  await admin.apply(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name } }, by("test"));
});
afterAll(async () => {
  await admin?.close();
  await plane?.stop();
});

const by = (fieldManager: string) => ({ fieldManager, force: true });

/** No node runs these pods: they never become ready, as after a bad edit. */
test.each(["postgres", "redis"])(
  "the pod of %s that a bad edit left behind is replaced when the edit is taken back",
  async (name) => {
    const { namespace } = eastAfrica;
    const objects = renderStack(eastAfrica).filter(
      ({ kind, metadata }) => metadata.name === name && (kind === "StatefulSet" || kind === "ServiceAccount"),
    );
    const apply = () =>
      Promise.all(objects.map((each) => admin.apply(resourceTable().of(each), each, by("operator"))));
    const image = async () => {
      const pod = (await admin.get(pods, { namespace, name: `${name}-0` })) as unknown as
        | Manifest
        | undefined;
      const { containers } = (pod?.["spec"] ?? {}) as { containers?: readonly { readonly image: string }[] };
      return containers?.[0]?.image;
    };
    const runs = (what: string | undefined) =>
      until(async () => ((await image()) === what ? what : undefined), {
        timeout: 20_000,
        what: `the pod of ${name} to be of ${String(what)}`,
      });

    await apply();
    const good = await until(image, { timeout: 20_000, what: `the first pod of ${name}` });
    const json = [{ op: "replace", path: "/spec/template/spec/containers/0/image", value: "bad:1" }];
    await admin.patch(statefulSets, { namespace, name }, { json }, { fieldManager: "kubectl-edit" });
    await runs("bad:1");
    await apply();
    expect(await runs(good)).toBe(good);
  },
);
