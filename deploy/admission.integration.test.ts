import { Agent, request } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Client } from "../kube/client.ts";
import type { Manifest as KubeManifest } from "../kube/object.ts";
import {
  deployments,
  flowSchemas,
  jobs,
  namespaces,
  pods,
  priorityLevelConfigurations,
  roleBindings,
  secrets,
  serviceAccounts,
} from "../kube/resources.ts";
import { until } from "../local/wait.ts";
import { IMAGES, type Platform, startPlatform } from "../operator/testing/platform.ts";
import { LEVEL } from "./flow-control.ts";

const OPERATOR = "system:serviceaccount:wekeza-system:wekeza-operator";
const STACK = "stack-east-africa";
const dryRun = { dryRun: true } as const;

let platform: Platform;
let operator: Client;

beforeAll(async () => {
  platform = await startPlatform();
  operator = await platform.clientOfOperator();
  const subjects = [{ kind: "ServiceAccount", namespace: "wekeza-system", name: "wekeza-operator" }];
  const rbac = "rbac.authorization.k8s.io";
  await operator.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: STACK } });
  await operator.create(roleBindings, {
    apiVersion: `${rbac}/v1`,
    kind: "RoleBinding",
    metadata: { namespace: STACK, name: "wekeza-operator" },
    roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "wekeza:stack-operator" },
    subjects,
  } as KubeManifest);
  const metadata = { namespace: "wekeza-signer", name: "other" };
  await platform.admin.create(serviceAccounts, { apiVersion: "v1", kind: "ServiceAccount", metadata });
  // The API server takes up a policy a moment after it is written.
  await until(async () => (await refusalOf({ image: "elsewhere.test/wekeza:1" })) !== undefined, {
    timeout: 30_000,
    what: "the policies to be in force",
  });
});
afterAll(() => platform?.stop());

/** A container that the Pod Security Standard lets in: only our own rule can refuse it. */
const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };
const other = { name: "other", image: IMAGES.wekeza, securityContext };

/** What a pod may differ in from the one that is installed. */
interface Difference {
  readonly image?: string;
  readonly [field: string]: unknown;
}

/** Pod of an installed Deployment as its ReplicaSet makes it, with one difference. */
async function podOf(namespace: string, name: string, own: Difference = {}, spec: object = {}) {
  const found = await platform.admin.get(deployments, { namespace, name });
  const template = (found as KubeManifest | undefined)?.["spec"] as {
    readonly template: { readonly spec: { readonly containers: readonly object[] } };
  };
  const [container] = template.template.spec.containers;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace, name: "by-hand" },
    spec: { ...template.template.spec, containers: [{ ...container, ...own }], ...spec },
  } as KubeManifest;
}

/** Why the cluster's administrator may not make a partner signer's pod with this difference; undefined when it may. */
async function refusalOf(own: Difference, spec: object = {}): Promise<string | undefined> {
  const pod = await podOf("wekeza-signer", "partner-signer", own, spec);
  return platform.admin.create(pods, pod as never, dryRun).then(
    () => undefined,
    (error: Error) => error.message,
  );
}

describe("where keys are, only what is installed runs, whoever asks", () => {
  test.each([
    ["wekeza-signer", "partner-signer"],
    ["wekeza-approver", "approver"],
    ["wekeza-region", "service-signer"],
    ["wekeza-system", "wekeza-operator"],
  ])("the pod of %s/%s as installed is let in", async (namespace, name) => {
    const pod = await podOf(namespace, name);
    await expect(platform.admin.create(pods, pod as never, dryRun)).resolves.toBeDefined();
  });

  test.each([
    ["another image", { image: "wekeza.test/wekeza:2" }, {}, `run ${IMAGES.wekeza} only`],
    ["another command", { command: ["sh", "-c", "cat /etc/wekeza/ca/*"] }, {}, "start `node operator/signer"],
    ["arguments", { args: ["--inspect"] }, {}, "start `node operator/signer/main.ts partner` only"],
    [
      "a hook",
      { lifecycle: { postStart: { exec: { command: ["sh"] } } } },
      {},
      "start `node operator/signer/main.ts partner` only, without hooks",
    ],
    [
      "a probe that runs something",
      { livenessProbe: { exec: { command: ["sh"] } } },
      {},
      "only, without hooks",
    ],
    ["a variable", { env: [{ name: "NODE_OPTIONS", value: "--import=x" }] }, {}, "the variables and mounts"],
    [
      "another requester to be believed",
      { env: [{ name: "OPERATOR_USER", value: "system:serviceaccount:partners:somebody" }] },
      {},
      "the variables and mounts",
    ],
    ["a mount", { volumeMounts: [{ name: "ca", mountPath: "/app" }] }, {}, "the variables and mounts"],
    ["another account", {}, { serviceAccountName: "other" }, "run as ServiceAccount partner-signer only"],
    ["a container before it", {}, { initContainers: [other] }, "have one container only"],
  ])("a signer's pod with %s is refused", async (_, own, spec, want) => {
    const message = await refusalOf(own, spec);
    expect(message).toContain("Pods in wekeza-signer");
    expect(message).toContain(want);
  });

  test("no container is put into a pod that runs", async () => {
    const pod = await podOf("wekeza-signer", "partner-signer");
    await platform.admin.create(pods, pod as never);
    const key = { namespace: "wekeza-signer", name: "by-hand" };
    const live = (await platform.admin.get(pods, key)) as unknown as KubeManifest;
    const spec = { ...(live["spec"] as object), ephemeralContainers: [other] };
    const added = platform.admin.replace(pods, { ...live, spec } as never, {
      subresource: "ephemeralcontainers",
    });
    await expect(added).rejects.toThrow("have one container only");
    await platform.admin.delete(pods, key, { gracePeriodSeconds: 0 });
  });
});

describe("in a stack the operator runs only what the installation brings", () => {
  const workload = (image: string, account: string, command: readonly string[], kind = "Deployment") => {
    const labels = { "app.kubernetes.io/name": "x" };
    const template = {
      metadata: { labels },
      spec: {
        serviceAccountName: account,
        restartPolicy: kind === "Job" ? "Never" : "Always",
        containers: [{ name: "x", image, command }],
      },
    };
    const selector = kind === "Job" ? {} : { selector: { matchLabels: labels } };
    return {
      apiVersion: kind === "Job" ? "batch/v1" : "apps/v1",
      kind,
      metadata: { namespace: STACK, name: "x" },
      spec: { ...selector, template },
    } as never;
  };

  const foreign = () =>
    operator.create(deployments, workload("elsewhere.test/x:1", "gateway", ["x"]), dryRun).then(
      () => undefined,
      (error: Error) => error.message,
    );

  // Each policy is taken up at its own moment.
  beforeAll(async () => {
    await until(async () => (await foreign()) !== undefined, {
      timeout: 30_000,
      what: "the policy of stacks to be in force",
    });
  });

  test("an image of the installation, of any version, is let in", async () => {
    const ours = workload("wekeza.test/wekeza:0", "gateway", ["node", "runtime/gateway/main.ts"]);
    await expect(operator.create(deployments, ours, dryRun)).resolves.toBeDefined();
  });

  test("an image from elsewhere is refused", async () => {
    await expect(foreign()).resolves.toContain("Pods of stacks run images of wekeza.test/ only");
  });

  test("the account that makes the keys starts nothing but that", async () => {
    const keys = ["node", "runtime/keys/main.ts"];
    const right = workload(IMAGES.wekeza, "keys", keys, "Job");
    await expect(operator.create(jobs, right, dryRun)).resolves.toBeDefined();
    const wrong = workload(IMAGES.wekeza, "keys", ["node", "runtime/oauth/main.ts"], "Job");
    await expect(operator.create(jobs, wrong, dryRun)).rejects.toThrow(
      "its pods start `node runtime/keys/main.ts` only",
    );
  });
});

test("the operator puts the hosts' certificate into a stack, and reads none of the stack's keys", async () => {
  const secret = (name: string) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace: STACK, name },
    data: { "tls.key": "eA==" },
  });
  const made = operator.apply(secrets, secret("host-tls"), { fieldManager: "test" });
  await expect(made).resolves.toBeDefined();
  await platform.admin.create(secrets, secret("oauth-keys"));
  const key = { namespace: STACK, name: "oauth-keys" };
  await expect(operator.get(secrets, key)).rejects.toThrow("cannot get resource");
  await expect(operator.delete(secrets, key)).rejects.toThrow("cannot delete resource");
  const other = operator.apply(secrets, secret("other"), { fieldManager: "test" });
  await expect(other).rejects.toThrow("cannot patch resource");
});

test("the operator can make no account and no pod where keys are", async () => {
  const metadata = { namespace: "wekeza-signer", name: "x" };
  const account = operator.create(serviceAccounts, { apiVersion: "v1", kind: "ServiceAccount", metadata });
  await expect(account).rejects.toThrow("cannot create resource");
  const pod = await podOf("wekeza-signer", "partner-signer");
  await expect(operator.create(pods, pod as never, dryRun)).rejects.toThrow("cannot create resource");
});

describe("the API server keeps a share for the platform's decisions", () => {
  test.each([
    {
      what: "the leader's Lease goes with those of Kubernetes' own controllers",
      path: "apis/coordination.k8s.io/v1/namespaces/wekeza-system/leases/wekeza-operator",
      want: ["wekeza-leader-election-hub", "leader-election"],
    },
    {
      what: "a roster waits behind nobody else",
      path: `api/v1/namespaces/${STACK}/configmaps/roster`,
      want: ["wekeza-decisions-hub", LEVEL],
    },
    {
      what: "a list waits with everybody's",
      path: "api/v1/namespaces",
      want: ["service-accounts", "workload-low"],
    },
  ])("$what", async ({ path, want }) => {
    const { plane, admin } = platform;
    const { certificate: cert, key } = plane.adminUser;
    const dispatcher = new Agent({ connect: { ca: plane.authority, cert, key } });
    const headers = { "impersonate-user": OPERATOR };
    const answer = await request(`${plane.server}/${path}`, { dispatcher, headers });
    await answer.body.dump();
    await dispatcher.close();
    const named = async (resource: typeof flowSchemas, header: string) =>
      (await admin.list(resource)).items.find(({ metadata }) => metadata.uid === answer.headers[header])
        ?.metadata.name;
    const seen = [
      await named(flowSchemas, "x-kubernetes-pf-flowschema-uid"),
      await named(priorityLevelConfigurations, "x-kubernetes-pf-prioritylevel-uid"),
    ];
    expect(seen).toEqual(want);
  });
});
