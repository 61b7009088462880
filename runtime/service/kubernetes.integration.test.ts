import { createPublicKey, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PAYLOAD_KEY, SERVED, SERVED_LABEL, SHARD_LABEL, SIGNATURE_KEY } from "../../crds/shard.ts";
import { createClient, type Client } from "../../kube/client.ts";
import { kubeconfigCredentials } from "../../kube/kubeconfig.ts";
import {
  certificateSigningRequests as requests,
  clusterRoleBindings,
  clusterRoles,
  configMaps,
  leases,
  namespaces,
} from "../../kube/resources.ts";
import { startControlPlane, type ControlPlane } from "../../local/testing/control-plane.ts";
import { CertificateDenied, podIdentity } from "./certificate.ts";
import { createLog } from "./logger.ts";
import { keepServedLease } from "./served-lease.ts";
import { createDirectory, type PartnerDirectory } from "./shards.ts";
import { watchSignedConfig } from "./signed-config.ts";
import type { SignedConfigMap } from "./signed-document.ts";
import { testAuthority, type TestAuthority } from "./testing/authority.ts";
import { ACME, aRoster, aShard, testSigner } from "./testing/signed.ts";

const log = createLog("test", { level: "silent" });
const namespace = "stack-ke";
let plane: ControlPlane;
let admin: Client;
let gateway: Client;
let authority: TestAuthority;
let folder: string;

/** What the pre-installed roles of a region let a service do, and no more. */
const RULES = [
  {
    apiGroups: ["certificates.k8s.io"],
    resources: ["certificatesigningrequests"],
    verbs: ["create", "get", "watch"],
  },
  { apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list", "watch"] },
  { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create", "get", "update"] },
];

beforeAll(async () => {
  plane = await startControlPlane();
  const client = async (kubeconfig: string): Promise<Client> =>
    createClient(kubeconfigCredentials(kubeconfig, { trusted: false }), { userAgent: "test" });
  admin = await client(plane.kubeconfig);
  const user = `system:serviceaccount:${namespace}:gateway`;
  gateway = await client(await plane.kubeconfigFor(user));
  await admin.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  const apiVersion = "rbac.authorization.k8s.io/v1";
  const role = { apiVersion, kind: "ClusterRole", metadata: { name: "service" }, rules: RULES };
  await admin.create(clusterRoles, role);
  await admin.create(clusterRoleBindings, {
    apiVersion,
    kind: "ClusterRoleBinding",
    metadata: { name: "service" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "service" },
    subjects: [{ kind: "User", name: user, apiGroup: "rbac.authorization.k8s.io" }],
  });
  authority = await testAuthority("services of ke");
  folder = mkdtempSync(join(tmpdir(), "ca-"));
  writeFileSync(join(folder, "ca.crt"), authority.ca);
});

afterAll(async () => {
  await Promise.all([admin.close(), gateway.close()]);
  await plane.stop();
  rmSync(folder, { recursive: true });
});

/** Waits for the next request nobody has answered, and answers it as a signer does. */
async function answerNext(answer: "sign" | "deny"): Promise<void> {
  const { items } = await admin.list(requests);
  const open = items.find(({ status }) => status?.conditions === undefined);
  if (open === undefined) throw new Error("There is no open request.");
  const type = answer === "sign" ? ("Approved" as const) : ("Denied" as const);
  const condition = { type, status: "True" as const, reason: "Test", message: "the key is on a list" };
  const judged = await admin.replace(
    requests,
    { ...open, status: { ...open.status, conditions: [condition] } },
    { subresource: "approval" },
  );
  if (answer === "deny") return;
  const pem = await authority.sign(Buffer.from(open.spec.request, "base64").toString("utf8"));
  const status = { ...judged.status, certificate: Buffer.from(pem).toString("base64") };
  await admin.replace(requests, { ...judged, status }, { subresource: "status" });
}

const identityOf = () =>
  podIdentity({
    client: gateway,
    service: "gateway",
    namespace,
    caFile: join(folder, "ca.crt"),
    log,
    signal: AbortSignal.timeout(20_000),
  });

test("a pod gets a certificate for the key it made, through a request in its own name", async () => {
  const waiting = identityOf();
  await expect
    .poll(() => answerNext("sign").then(() => "signed", String), { timeout: 10_000 })
    .toBe("signed");
  const identity = await waiting;
  const { key, cert, ca } = identity.current();
  const certificate = new X509Certificate(cert);
  expect(certificate.subject).toBe("CN=gateway.stack-ke");
  expect(certificate.publicKey.equals(createPublicKey(key))).toBe(true);
  expect(certificate.verify(new X509Certificate(ca).publicKey)).toBe(true);
  identity.stop();
  const [request] = (await admin.list(requests)).items;
  expect(request?.spec).toMatchObject({
    username: "system:serviceaccount:stack-ke:gateway",
    signerName: "openbanking.wekeza.io/service",
    expirationSeconds: 86_400,
  });
});

test("a pod that is denied its certificate says so in the signer's words", async () => {
  const waiting = identityOf().catch((error: unknown) => error);
  await expect
    .poll(() => answerNext("deny").then(() => "denied", String), { timeout: 10_000 })
    .toBe("denied");
  const error = await waiting;
  expect(error).toBeInstanceOf(CertificateDenied);
  expect(String(error)).toContain("the key is on a list");
});

test("signed documents are served as they come, and the pod's Lease says which", async () => {
  const signer = testSigner();
  const startedAt = new Date();
  const directory: PartnerDirectory = createDirectory({ group: "ke", trust: signer.trust, startedAt });
  const put = async ({
    name,
    payload,
    signature,
  }: Omit<SignedConfigMap, "resourceVersion">): Promise<string> => {
    const data = {
      ...(payload === undefined ? {} : { [PAYLOAD_KEY]: payload }),
      ...(signature === undefined ? {} : { [SIGNATURE_KEY]: signature }),
    };
    const kind = name === "roster" ? "roster" : "shard";
    const metadata = { name, namespace, labels: { [SHARD_LABEL]: kind } };
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata, data };
    const { object: written } = await admin.apply(configMaps, object, { fieldManager: "test", force: true });
    return written.metadata.resourceVersion ?? "";
  };
  await put(signer.shard(aShard({ version: 1 })));
  const watch = watchSignedConfig({ client: gateway, namespace, directory, log });
  await expect.poll(() => watch.notSynced(), { timeout: 10_000 }).toBeUndefined();
  expect(directory.partner(ACME)).toBeUndefined();
  expect(directory.notReady(new Date())).toBe("no roster yet");

  const stop = keepServedLease({
    client: gateway,
    namespace,
    service: "gateway",
    pod: "pod-1",
    startedAt,
    directory,
    log,
  });
  const issuedAt = (): string => new Date().toISOString();
  await put(signer.roster(aRoster({ version: 1, issuedAt: issuedAt() })));
  await expect.poll(() => directory.partner(ACME)?.suspended, { timeout: 5_000 }).toBe(false);
  expect(directory.notReady(new Date())).toBeUndefined();

  const suspended = [{ clientId: ACME, minimumVersion: 1, suspended: true, revoked: [] }];
  await put(signer.roster(aRoster({ version: 2, issuedAt: issuedAt(), partners: suspended })));
  await expect.poll(() => directory.partner(ACME)?.suspended, { timeout: 5_000 }).toBe(true);

  const poisoned = await put({
    name: `shard-${ACME}`,
    payload: JSON.stringify(aShard({ version: 3 })),
    signature: "x",
  });
  const lease = () => admin.get(leases, { namespace, name: "served-pod-1" });
  await expect
    .poll(async () => (await lease())?.metadata.annotations?.[SERVED.resourceVersion], { timeout: 5_000 })
    .toBe(poisoned);
  const { metadata, spec } = (await lease()) ?? {};
  expect(metadata?.labels).toEqual({ [SERVED_LABEL]: "gateway" });
  expect(metadata?.annotations).toMatchObject({
    [SERVED.rosterVersion]: "2",
    [SERVED.startedAt]: startedAt.toISOString(),
  });
  expect(JSON.parse(metadata?.annotations?.[SERVED.refused] ?? "")).toEqual([
    { clientId: ACME, reason: expect.stringContaining("signature") },
  ]);
  expect(spec?.holderIdentity).toBe("pod-1");
  expect(directory.partner(ACME)?.shard.version).toBe(1);

  await stop();
  expect((await lease())?.spec?.holderIdentity ?? "").toBe("");
  await watch.stop();
});
