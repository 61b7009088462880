import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { type Client, createClient } from "../../kube/client.ts";
import { kubeconfigFileCredentials } from "../../kube/kubeconfig.ts";
import type { Manifest } from "../../kube/object.ts";
import { certificateSigningRequests, customResourceDefinitions, namespaces } from "../../kube/resources.ts";
import { REPOSITORY } from "../../local/paths.ts";
import { type ControlPlane, startControlPlane } from "../../local/testing/control-plane.ts";
import { type PartnerObject, partners } from "../../crds/resources.ts";
import { awaitObject } from "./await-object.ts";
import { applyPartner, approve, awaitServed, requestToApprove } from "./enrolment.ts";
import { createPartnerKeys } from "./partner-keys.ts";
import { NAMESPACE, partnerResource } from "./partner-resource.ts";
import { makeUsers, userKubeconfig } from "./users.ts";

let folder: string;
let controlPlane: ControlPlane;
let admin: Client;
let sre: Client;
let compliance: Client;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "enrolment-"));
  controlPlane = await startControlPlane({ controllerManager: true });
  const kubeconfig = join(folder, "hub.kubeconfig");
  await writeFile(kubeconfig, controlPlane.kubeconfig);
  const connect = async (file: string) =>
    createClient(await kubeconfigFileCredentials(file), { userAgent: "test" });
  admin = await connect(kubeconfig);
  await admin.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: "wekeza-dns" } });
  await installKinds();
  await makeUsers(folder, kubeconfig, new Date());
  sre = await connect(userKubeconfig(folder, "sre"));
  compliance = await connect(userKubeconfig(folder, "compliance"));
});

afterAll(async () => {
  await Promise.all([admin, sre, compliance].map((client) => client?.close()));
  await controlPlane?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function installKinds(): Promise<void> {
  const manifests = join(REPOSITORY, "crds/manifests");
  for (const file of await readdir(manifests)) {
    const definition = parse(await readFile(join(manifests, file), "utf8")) as Manifest;
    if (definition.kind !== "CustomResourceDefinition") continue;
    await admin.create(customResourceDefinitions, definition);
    await awaitObject(
      admin,
      customResourceDefinitions,
      { name: definition.metadata.name },
      {
        timeout: 20_000,
        until: (kind) => JSON.stringify(kind).includes('"type":"Established"'),
      },
    );
  }
}

/** What the operator would say next. */
async function operatorSays(partner: PartnerObject, status: PartnerObject["status"]): Promise<void> {
  await admin.patch(partners, partner.metadata, { merge: { status } }, { subresource: "status" });
}

async function appliedPartner(name: string): Promise<PartnerObject> {
  const keys = await createPartnerKeys(name);
  return applyPartner(sre, partnerResource({ name, keys }, { groups: ["east-africa", "europe"] }));
}

test("a partner is applied by one person, approved by the other, and served where it is going to be used", async () => {
  const applied = await appliedPartner("demo-1");
  const request = `${NAMESPACE}-demo-1`;
  await admin.create(certificateSigningRequests, {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { name: request },
    spec: {
      request: Buffer.from(applied.spec.certificates[0]?.csr ?? "").toString("base64"),
      signerName: "openbanking.wekeza.io/partner-mtls",
      usages: ["digital signature", "client auth"],
    },
  });
  const waiting = requestToApprove(sre, applied);
  await operatorSays(applied, { certificates: [{ name: "primary", request }] });
  expect(await waiting).toBe(request);

  await expect(approve(sre, request, new Date())).rejects.toMatchObject({ status: 403 });
  await approve(compliance, request, new Date());
  await approve(compliance, request, new Date());
  const approved = await admin.get(certificateSigningRequests, { name: request });
  expect(approved?.status?.conditions?.map(({ type }) => type)).toEqual(["Approved"]);

  const serving = awaitServed(sre, applied, ["east-africa"]);
  await operatorSays(applied, {
    observedGeneration: applied.metadata.generation ?? 0,
    clientId: "ptn-0123456789abcdef",
    certificates: [{ name: "primary", pem: "-----BEGIN CERTIFICATE-----" }],
    groups: [
      { name: "east-africa", served: true },
      { name: "europe", served: false },
    ],
  });
  expect((await serving).status?.clientId).toBe("ptn-0123456789abcdef");
  expect(await requestToApprove(sre, applied)).toBeUndefined();
});

test("a partner the operator gave up on is told at once, with the operator's words", async () => {
  const applied = await appliedPartner("demo-2");
  const message = "The request carries a wildcard name; send one without.";
  const observedGeneration = applied.metadata.generation ?? 0;
  const lastTransitionTime = new Date().toISOString();
  await operatorSays(applied, {
    conditions: [
      {
        type: "Stalled",
        status: "True",
        reason: "CsrInvalid",
        message,
        observedGeneration,
        lastTransitionTime,
      },
    ],
  });
  await expect(requestToApprove(sre, applied)).rejects.toMatchObject({
    message: `the Partner ${NAMESPACE}/demo-2 did not get ready`,
    cause: new Error(`the Partner is stalled: ${message}`),
  });
});
