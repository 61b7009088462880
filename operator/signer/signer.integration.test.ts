import "reflect-metadata";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { X509Certificate } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { X509Crl, X509CrlReason } from "@peculiar/x509";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Client } from "../../kube/client.ts";
import {
  type CertificateSigningRequest,
  certificateSigningRequests,
  configMaps,
} from "../../kube/resources.ts";
import { freePorts } from "../../local/testing/free-ports.ts";
import { until } from "../../local/wait.ts";
import {
  allowedForService,
  APPROVAL_LABEL,
  PARTNER_SIGNER,
  SERVICE_SIGNER,
  STACK_LABEL,
} from "../csr/names.ts";
import { certificatesFromPem } from "../csr/pem.ts";
import { requestPem } from "../csr/testing/requests.ts";
import {
  ACME,
  OPERATOR,
  partnerSigningRequest,
  serviceSigningRequest,
  ZONE,
} from "../csr/testing/signing-request.ts";
import { partners } from "../../crds/resources.ts";
import { type Hub, type Rule, startHub } from "../testing/hub.ts";
import { testPartner } from "../testing/partner.ts";
import { CRL_NAME } from "./crl-keeper.ts";
import { type TestAuthority, testAuthority } from "./testing/authority.ts";

const csrs = "certificatesigningrequests";
const group = ["certificates.k8s.io"];
const reads: Rule = { apiGroups: group, resources: [csrs], verbs: ["get", "list", "watch"] };
const writes = (subresource: string): Rule => ({
  apiGroups: group,
  resources: [`${csrs}/${subresource}`],
  verbs: ["update"],
});
const signers = (verb: string, name: string): Rule => ({
  apiGroups: group,
  resources: ["signers"],
  verbs: [verb],
  resourceNames: [name],
});
const creates: Rule = { apiGroups: group, resources: [csrs], verbs: ["create"] };
const namespacesRead: Rule = { apiGroups: [""], resources: ["namespaces"], verbs: ["get"] };
const partnersRead: Rule = { apiGroups: ["openbanking.wekeza.io"], resources: ["partners"], verbs: ["get"] };

let hub: Hub;
let folder: string;
let ca: TestAuthority;
let operator: Client;
const children: ChildProcess[] = [];

/** Runs the program as a pod would: its own process, its own identity with the rights of its ClusterRole. */
async function run(program: readonly string[], user: string, rules: readonly Rule[]): Promise<void> {
  const kubeconfig = join(folder, `${user}.kubeconfig`);
  await writeFile(kubeconfig, await hub.kubeconfigOf(user, rules), { mode: 0o600 });
  const [port = 0] = await freePorts(1);
  const env = {
    ...process.env,
    KUBECONFIG: kubeconfig,
    HEALTH_PORT: String(port),
    CA_FOLDER: folder,
    PARTNER_ZONE: ZONE,
    POD_NAMESPACE: "signer",
  };
  const child = spawn(process.execPath, program, { env, stdio: ["ignore", "ignore", "inherit"] });
  children.push(child);
  await until(async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok, {
    timeout: 20_000,
    what: `${program.join(" ")} to be ready`,
  });
}

beforeAll(async () => {
  hub = await startHub();
  folder = await mkdtemp(join(tmpdir(), "signer-"));
  ca = await testAuthority(ZONE);
  await writeFile(join(folder, "tls.crt"), ca.intermediate);
  await writeFile(join(folder, "tls.key"), ca.intermediateKey, { mode: 0o600 });
  await hub.namespace("partners", { [APPROVAL_LABEL]: "automatic" });
  await hub.namespace("careful");
  await hub.namespace("signer");
  await hub.namespace("stack-ke", { [STACK_LABEL]: "ke" });
  await hub.namespace("other");
  operator = await hub.clientOf(OPERATOR, [creates, reads]);
  await Promise.all([
    run(["operator/approver/main.ts"], "approver", [
      reads,
      writes("approval"),
      signers("approve", PARTNER_SIGNER),
      namespacesRead,
      partnersRead,
    ]),
    run(["operator/signer/main.ts", "partner"], "partner-signer", [
      reads,
      writes("status"),
      signers("sign", PARTNER_SIGNER),
      { apiGroups: ["openbanking.wekeza.io"], resources: ["partners"], verbs: ["list", "watch"] },
      { apiGroups: [""], resources: ["configmaps"], verbs: ["create", "get", "patch"] },
    ]),
    run(["operator/signer/main.ts", "service"], "service-signer", [
      reads,
      writes("approval"),
      writes("status"),
      signers("approve", SERVICE_SIGNER),
      signers("sign", SERVICE_SIGNER),
      namespacesRead,
    ]),
  ]);
});

afterAll(async () => {
  for (const child of children) {
    child.kill("SIGTERM");
    if (child.exitCode === null) await once(child, "exit");
  }
  await hub.stop();
  await rm(folder, { recursive: true });
});

type Settled = (csr: CertificateSigningRequest) => boolean;

async function settled(name: string, how: Settled): Promise<CertificateSigningRequest> {
  return await until(
    async () => {
      const csr = await hub.admin.get(certificateSigningRequests, { name });
      return csr && how(csr) ? csr : undefined;
    },
    { timeout: 20_000, what: `request ${name} to be settled` },
  );
}

const issued: Settled = ({ status }) => status?.certificate !== undefined;
const has =
  (type: string): Settled =>
  ({ status }) =>
    status?.conditions?.some((condition) => condition.type === type) ?? false;

async function requested(by: Client, csr: CertificateSigningRequest): Promise<CertificateSigningRequest> {
  return await by.create(certificateSigningRequests, csr);
}

test("a partner's request goes through approver and signer to a certificate that its root verifies", async () => {
  const pem = await requestPem();
  await hub.admin.create(partners, testPartner(pem));
  const { metadata } = await requested(operator, partnerSigningRequest(pem));
  const csr = await settled(metadata.name, issued);
  const [leaf, intermediate, ...more] = certificatesFromPem(
    Buffer.from(csr.status?.certificate ?? "", "base64").toString(),
  ).map((text) => new X509Certificate(text));
  const root = new X509Certificate(ca.root);
  expect(more).toEqual([]);
  expect(leaf?.subject).toBe(`CN=${ACME}`);
  expect(leaf?.verify(intermediate?.publicKey ?? root.publicKey)).toBe(true);
  expect(intermediate?.verify(root.publicKey)).toBe(true);
  expect(intermediate?.checkIssued(root)).toBe(true);
});

test("what a Partner's status says is revoked is on the list that the signer exports", async () => {
  const key = { namespace: "signer", name: CRL_NAME };
  const empty = await until(() => hub.admin.get(configMaps, key), { timeout: 20_000, what: "a first list" });
  const acme = { namespace: "partners", name: "acme" };
  const now = new Date().toISOString();
  const one = { thumbprint: "t", serial: "0102", at: now, notAfter: now, reason: "keyCompromise" };
  const merge = { status: { revoked: [one] } } as never;
  await hub.admin.patch(partners, acme, { merge }, { subresource: "status" });
  const list = await until(
    async () => {
      const found = await hub.admin.get(configMaps, key);
      return found?.data?.["ledger.json"] === empty.data?.["ledger.json"] ? undefined : found;
    },
    { timeout: 20_000, what: "a list with the certificate" },
  );
  const crl = new X509Crl(Buffer.from(list.binaryData?.["crl.der"] ?? "", "base64"));
  expect(crl.findRevoked("0102")?.reason).toBe(X509CrlReason.keyCompromise);
});

test("a hostile request is denied with the attribute named", async () => {
  const pem = await requestPem({ names: [{ type: "dns", value: `ptn-0000000000000000.${ZONE}` }] });
  const { metadata } = await requested(operator, partnerSigningRequest(pem));
  const { status } = await settled(metadata.name, has("Denied"));
  expect(status?.conditions?.[0]?.message).toMatch(/^subjectAltName: .*ptn-0000000000000000.*not its own/);
});

test("a request by anybody but the operator is denied", async () => {
  const other = await hub.clientOf("mallory", [creates]);
  const { metadata } = await requested(other, partnerSigningRequest(await requestPem()));
  const { status } = await settled(metadata.name, has("Denied"));
  expect(status?.conditions?.[0]?.message).toMatch(/^requester: .*mallory/);
});

test("in a namespace without the label a request waits for a person, whose approval is signed", async () => {
  const approved = { type: "Approved", status: "True", reason: "Person", message: "" } as const;
  const csr = await requested(operator, partnerSigningRequest(await requestPem(), "careful"));
  const decided = { ...csr, status: { conditions: [approved] } };
  await hub.admin.replace(certificateSigningRequests, decided, { subresource: "approval" });
  expect((await settled(csr.metadata.name, issued)).status?.certificate).toBeDefined();
});

const oauth = { serviceAccount: "oauth", namespace: "stack-ke" };
const oauthNames = allowedForService(oauth).dnsNames.map((value) => ({ type: "dns" as const, value }));

test("a stack's ServiceAccount gets a certificate for its own name, for at most a day", async () => {
  const pem = await requestPem({ subject: "CN=oauth.stack-ke", names: oauthNames });
  const pod = await hub.clientOf("system:serviceaccount:stack-ke:oauth", [creates]);
  const { metadata } = await requested(pod, serviceSigningRequest(pem));
  const csr = await settled(metadata.name, issued);
  const leaf = new X509Certificate(Buffer.from(csr.status?.certificate ?? "", "base64"));
  expect(leaf.subject).toBe("CN=oauth.stack-ke");
  expect(leaf.validToDate.getTime() - leaf.validFromDate.getTime()).toBeLessThanOrEqual(86_460_000);
});

test.each([
  { why: "another ServiceAccount's name", user: "system:serviceaccount:stack-ke:banking" },
  { why: "the same name from another namespace", user: "system:serviceaccount:other:oauth" },
  { why: "a person", user: "somebody" },
])("no service certificate for $why", async ({ user }) => {
  const pod = await hub.clientOf(user, [creates]);
  const csr = serviceSigningRequest(await requestPem({ subject: "CN=oauth.stack-ke", names: oauthNames }));
  const name = `svc-${user.replaceAll(":", "-")}`;
  await requested(pod, { ...csr, metadata: { name } });
  const { status } = await settled(name, has("Denied"));
  expect(status?.certificate).toBeUndefined();
});
