import "reflect-metadata";
import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ENROLMENT, ENROLMENT_LABEL, enrolmentName } from "../../crds/enrolment.ts";
import { HUB_LEASE, ROSTER_NAME, SERVED, SERVED_LABEL, shardName } from "../../crds/shard.ts";
import { LIVE_CONSENTS, LIVE_CONSENTS_ANNOTATION } from "../../crds/live-consents.ts";
import { type Client, createClient } from "../../kube/client.ts";
import { kubeconfigCredentials } from "../../kube/kubeconfig.ts";
import { compareVersions, type KubeObject, type Resource } from "../../kube/object.ts";
import { configMaps, leases, namespaces } from "../../kube/resources.ts";
import { type ControlPlane, startControlPlane } from "../../local/testing/control-plane.ts";
import { until } from "../../local/wait.ts";
import { APPROVAL_LABEL, clientIdOf } from "../csr/names.ts";
import { certificatesFromPem } from "../csr/pem.ts";
import { requestPem } from "../csr/testing/requests.ts";
import { ZONE } from "../csr/testing/signing-request.ts";
import {
  consentPolicies,
  type ConsentPolicyObject,
  failoverGroups,
  type PartnerObject,
  partners,
  regions,
} from "../../crds/resources.ts";
import { authorityFrom } from "../signer/authority.ts";
import { testAuthority } from "../signer/testing/authority.ts";
import { testGroup, testPolicy, testRegion } from "../testing/group.ts";
import { type Hub, startHub } from "../testing/hub.ts";
import { startTestOperator, type TestOperator } from "../testing/operator.ts";
import { testPartner } from "../testing/partner.ts";
import { startStackPod, type StackPod } from "../testing/stack-pod.ts";

let hub: Hub;
let region: ControlPlane;
let regionAdmin: Client;
let operator: TestOperator;
const pods: StackPod[] = [];

const ACME = clientIdOf("partners", "acme");
const fieldManager = "test";
const made = <T extends KubeObject>(resource: Resource<T>, object: T) =>
  hub.admin.apply(resource, object, { fieldManager });

beforeAll(async () => {
  hub = await startHub();
  region = await startControlPlane();
  regionAdmin = createClient(kubeconfigCredentials(region.kubeconfig, { trusted: false }), {
    userAgent: "test",
  });
  const ca = await testAuthority(ZONE);
  const authority = await authorityFrom(ca.intermediate, ca.intermediateKey);
  const certificates = { zone: ZONE, requester: "admin" };
  operator = await startTestOperator(hub.plane.kubeconfig, certificates, () => Promise.resolve(authority));
  await hub.namespace("partners", { [APPROVAL_LABEL]: "automatic" });
  await hub.namespace("stack-eu");
  const stack = { apiVersion: "v1", kind: "Namespace", metadata: { name: "stack-ke" } } as const;
  await regionAdmin.apply(namespaces, stack, { fieldManager });
  await made(consentPolicies, testPolicy());
  // `ke` has a cluster of its own, `eu` is a namespace of the hub.
  await made(regions, testRegion("ke", "region-ke"));
  await made(regions, testRegion("eu"));
  await made(failoverGroups, testGroup("ke"));
  await made(failoverGroups, testGroup("eu"));
  await operator.engage("ke", region.kubeconfig);
  const { signer } = operator;
  pods.push(
    startStackPod(regionAdmin, "gateway", { group: "ke", signer }),
    startStackPod(regionAdmin, "oauth", { group: "ke", signer }),
    startStackPod(hub.admin, "gateway", { group: "eu", signer }),
  );
});

afterAll(async () => {
  region.signalApiServer("SIGCONT");
  await Promise.all(pods.map((pod) => pod.stop()));
  await operator.stop();
  await regionAdmin.close();
  await Promise.all([hub.stop(), region.stop()]);
});

const [inKe, inEu] = [() => pods[0]!.directory, () => pods[2]!.directory];

async function seen(
  name: string,
  what: string,
  how: (partner: PartnerObject) => boolean,
): Promise<PartnerObject> {
  let last: PartnerObject | undefined;
  try {
    return await until(
      async () => {
        last = await hub.admin.get(partners, { namespace: "partners", name });
        return last && how(last) ? last : undefined;
      },
      { timeout: 30_000, every: 20, what: `Partner ${name} to be ${what}` },
    );
  } catch (cause) {
    throw new Error(JSON.stringify(last?.status?.conditions, undefined, 2), { cause });
  }
}

const is =
  (type: string, status: string, reason?: string) =>
  ({ status: found, metadata }: PartnerObject): boolean =>
    found?.observedGeneration === metadata.generation &&
    (found?.conditions?.some(
      (each) =>
        each.type === type && each.status === status && (reason === undefined || each.reason === reason),
    ) ??
      false);

const soon = (what: string, look: () => boolean): Promise<true> =>
  until(() => Promise.resolve(look() || undefined), { timeout: 20_000, every: 5, what });

async function patched(name: string, spec: Partial<PartnerObject["spec"]>): Promise<void> {
  await hub.admin.patch(partners, { namespace: "partners", name }, { merge: { spec } });
}

function named(name: string, partner: PartnerObject): PartnerObject {
  return { ...partner, metadata: { ...partner.metadata, name } };
}

test("a new Partner gets its certificate and is served in both groups", async () => {
  await made(partners, testPartner(await requestPem(), { groups: ["ke", "eu"] }));
  const { status } = await seen("acme", "live", is("Ready", "True", "Live"));
  expect(status).toMatchObject({
    clientId: ACME,
    servedGroups: "2/2",
    summary: "Live",
    effectiveLimit: "200/s",
  });
  const certificate = status?.certificates?.[0];
  const leaf = new X509Certificate(certificatesFromPem(certificate?.pem ?? "")[0] ?? "");
  expect(leaf.subject).toBe(`CN=${ACME}`);
  expect(inKe().byThumbprint(certificate?.thumbprint ?? "")?.clientId).toBe(ACME);
  expect(inKe().notReady(new Date())).toBeUndefined();
  const policy = await hub.admin.get(consentPolicies, { namespace: "partners", name: "kenya" });
  expect(policy?.status).toMatchObject({ partners: 1, hash: inKe().partner(ACME)?.shard.policy.hash });
});

test("a second pass writes nothing", async () => {
  await until(async () => (inKe().roster()?.partners[0]?.minimumVersion ?? 0) > 1, {
    timeout: 10_000,
    what: "the roster to settle",
  });
  expect(await operator.secondPass("acme")).toBe(0);
  const roster = () => regionAdmin.get(configMaps, { namespace: "stack-ke", name: ROSTER_NAME });
  const before = await roster();
  expect(await operator.secondPass("acme")).toBe(0);
  expect((await roster())?.metadata.resourceVersion).toBe(before?.metadata.resourceVersion);
});

test("a suspension reaches every stack, and so does its end", async () => {
  await patched("acme", { suspended: true });
  await Promise.all([
    soon("ke to refuse acme", () => inKe().partner(ACME)?.suspended === true),
    soon("eu to refuse acme", () => inEu().partner(ACME)?.suspended === true),
  ]);
  const { status } = await seen("acme", "suspended", is("Suspended", "True"));
  expect(status?.summary).toBe("Suspended");
  await patched("acme", { suspended: false });
  await soon("ke to serve acme", () => inKe().partner(ACME)?.suspended === false);
  await seen("acme", "live again", is("Ready", "True"));
});

test("a stack hears again and again which roster the hub wants", async () => {
  const lease = () => regionAdmin.get(leases, { namespace: "stack-ke", name: HUB_LEASE });
  const said = await until(
    async () => {
      const found = await lease();
      const version = found?.metadata.annotations?.[SERVED.rosterVersion];
      return version === String(inKe().roster()?.version) ? found : undefined;
    },
    { timeout: 10_000, what: "the hub's Lease to name the roster" },
  );
  await until(async () => (await lease())?.spec?.renewTime !== said.spec?.renewTime, {
    timeout: 10_000,
    what: "the hub to say it again",
  });
  expect(said.spec?.holderIdentity).toBe("operator");
});

test("SEC-35: a revoked certificate is refused for good, though its shard still names it", async () => {
  const { status } = await seen("acme", "live", is("Ready", "True"));
  const thumbprint = status?.certificates?.[0]?.thumbprint ?? "";
  await patched("acme", { revokedThumbprints: [thumbprint] });
  await soon("ke to refuse the certificate", () => inKe().byThumbprint(thumbprint) === undefined);
  expect(
    inKe()
      .partner(ACME)
      ?.shard.certificates.map((each) => each.thumbprint),
  ).toEqual([thumbprint]);
  await seen("acme", "told that it is revoked", is("Stalled", "True", "CertificateRevoked"));
  await patched("acme", { revokedThumbprints: [] });
  await patched("acme", { displayName: "Acme" });
  await soon("ke to have heard", () => inKe().partner(ACME)?.shard.displayName === "Acme");
  expect(inKe().byThumbprint(thumbprint)).toBeUndefined();
  const certificates = [{ name: "primary", csr: await requestPem() }];
  await patched("acme", { certificates });
  await seen("acme", "live by a new certificate", is("Ready", "True", "Live"));
});

test("what a partner asks a gateway for itself is signed and served beside its present certificate, in every group", async () => {
  const csr = await requestPem({ subject: `CN=${ACME}` });
  const before = await seen("acme", "live", is("Ready", "True"));
  const over = before.status?.certificates?.[0]?.thumbprint ?? "";
  const lease = {
    apiVersion: leases.apiVersion,
    kind: leases.kind,
    metadata: {
      namespace: "stack-ke",
      name: enrolmentName(ACME),
      labels: { [SERVED_LABEL]: ENROLMENT_LABEL },
      annotations: { [ENROLMENT.csr]: csr, [ENROLMENT.over]: over },
    },
  };
  await regionAdmin.create(leases, lease);
  const { status } = await seen(
    "acme",
    "served with the certificate it asked for",
    ({ status: { certificates: [{ previous } = {}] = [] } = {} }) =>
      previous?.thumbprint === over && previous.retires !== undefined,
  );
  const [certificate] = status?.certificates ?? [];
  expect(certificate).toMatchObject({
    enrolled: { group: "ke", lineage: [over] },
    previous: { thumbprint: over },
  });
  for (const directory of [inKe(), inEu()])
    for (const thumbprint of [certificate?.thumbprint ?? "", over])
      expect(directory.byThumbprint(thumbprint)?.clientId).toBe(ACME);
  expect(inKe().partner(ACME)?.shard.enrolment).toMatchObject({ state: "Issued", pem: certificate?.pem });
  // Its status is written first: the pass that did so may still be at work in the stacks.
  await until(async () => (await operator.secondPass("acme")) === 0, {
    timeout: 10_000,
    what: "a pass that writes nothing",
  });
});

test("a shard or roster changed by hand is restored", async () => {
  for (const name of [shardName(ACME), ROSTER_NAME]) {
    const key = { namespace: "stack-ke", name };
    await regionAdmin.patch(configMaps, key, { merge: { data: { payload: "{}" } } });
    await until(async () => (await regionAdmin.get(configMaps, key))?.data?.["payload"] !== "{}", {
      timeout: 10_000,
      what: `${name} to be restored`,
    });
    expect((await regionAdmin.get(configMaps, key))?.data).toHaveProperty("signature");
  }
  expect(inKe().partner(ACME)).toBeDefined();
});

test("REL-22 a poisoned Partner stalls alone", async () => {
  const keys = [{ kty: "EC" as const, crv: "P-256" as const, kid: "bad", x: "AAAA", y: "AAAA" }];
  await made(partners, named("poison", testPartner(await requestPem(), { jwks: { keys } })));
  const { status } = await seen("poison", "stalled", is("Stalled", "True", "KeyInvalid"));
  expect(status?.conditions?.find(({ type }) => type === "Stalled")?.message).toContain("the key bad");
  await patched("acme", { displayName: "Acme & Sons" });
  await soon("ke to show the new name", () => inKe().partner(ACME)?.shard.displayName === "Acme & Sons");
});

test("a CSR that nobody can read stalls its Partner, and every condition says so", async () => {
  const csr = "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n";
  await made(partners, named("malformed", testPartner(csr)));
  const { status } = await seen("malformed", "stalled", is("Stalled", "True", "CsrInvalid"));
  const said = status?.conditions?.find(({ type }) => type === "Ready");
  expect(said).toMatchObject({ status: "False", reason: "CsrInvalid" });
  expect(said?.message).toMatch(/^Certificate primary: The CSR is malformed \(.*\); make a new one/);
});

test("a hostile CSR is denied, and its Partner stalls with the attribute named", async () => {
  const csr = await requestPem({ names: [{ type: "dns", value: `${ACME}.${ZONE}` }] });
  await made(partners, named("hostile", testPartner(csr)));
  const { status } = await seen("hostile", "stalled", is("Stalled", "True", "CertificateDenied"));
  expect(status?.conditions?.find(({ type }) => type === "Stalled")?.message).toContain("subjectAltName");
});

test("a region that is away holds up its own group only, and a deletion waits for it", async () => {
  region.signalApiServer("SIGSTOP");
  await patched("acme", { suspended: true });
  await soon("eu to refuse acme", () => inEu().partner(ACME)?.suspended === true);
  const waiting = await seen("acme", "waiting for ke", is("Suspended", "False", "RegionUnreachable"));
  expect(waiting.status?.groups?.find(({ name }) => name === "ke")?.message).toMatch(
    /Region ke does not answer/,
  );
  await hub.admin.delete(partners, { namespace: "partners", name: "acme" });
  await soon("eu to let go of acme", () => !inEu().lists(ACME));
  const leaving = await seen("acme", "leaving", is("Ready", "False", "Deleting"));
  expect(leaving.status?.conditions?.find(({ type }) => type === "Ready")?.message).toContain("ke");
  region.signalApiServer("SIGCONT");
});

test("a deleted Partner leaves every roster, then its shards go, then itself", async () => {
  await until(
    async () => (await hub.admin.get(partners, { namespace: "partners", name: "acme" })) === undefined,
    {
      timeout: 30_000,
      what: "acme to be gone",
    },
  );
  await soon("ke to let go of acme", () => !inKe().lists(ACME));
  const name = shardName(ACME);
  expect(await regionAdmin.get(configMaps, { namespace: "stack-ke", name })).toBeUndefined();
  expect(await hub.admin.get(configMaps, { namespace: "stack-eu", name })).toBeUndefined();
  expect(inKe().lists(clientIdOf("partners", "hostile"))).toBe(true);
});

test("a changed policy is told of with its live consents first, and goes out then", async () => {
  const csr = await requestPem();
  await made(
    partners,
    named("changed", testPartner(csr, { groups: ["ke", "eu"], consentPolicyRef: { name: "uganda" } })),
  );
  const uganda = { namespace: "partners", name: "uganda" };
  const policyWith = (maxDurationDays: number, annotations = {}) => {
    const { spec, ...policy } = testPolicy();
    return made(consentPolicies, {
      ...policy,
      metadata: { ...uganda, annotations },
      spec: { ...spec, maxDurationDays },
    });
  };
  await policyWith(365);
  const { status } = await seen("changed", "live", is("Ready", "True", "Live"));
  const clientId = status?.clientId ?? "";
  const policySays = (what: string, how: (policy: ConsentPolicyObject) => boolean) =>
    until(
      async () => {
        const found = await hub.admin.get(consentPolicies, uganda);
        return found && how(found) ? found : undefined;
      },
      { timeout: 20_000, every: 20, what },
    );
  const { status: before } = await policySays("a hash", (policy) => policy.status?.hash !== undefined);
  const hash = before?.hash ?? "";
  const lease = {
    apiVersion: leases.apiVersion,
    kind: leases.kind,
    metadata: {
      namespace: "stack-ke",
      name: LIVE_CONSENTS,
      labels: { [SERVED_LABEL]: LIVE_CONSENTS },
      annotations: {
        [LIVE_CONSENTS_ANNOTATION]: JSON.stringify([{ policy: "partners/uganda", hash, count: 7 }]),
      },
    },
    spec: { holderIdentity: "consent-1", renewTime: new Date().toISOString().replace("Z", "000Z") },
  };
  await regionAdmin.apply(leases, lease, { fieldManager });
  await policySays("7 live consents", (policy) => policy.status?.liveConsents === 7);

  await policyWith(300, { "openbanking.wekeza.io/plan": "only" });
  const planned = await policySays(
    "that its text is held",
    (policy) => policy.status?.conditions?.some(({ type }) => type === "TextHeld") ?? false,
  );
  expect(planned.status).toMatchObject({ hash, liveConsents: 7, formerConsents: 7 });
  const found = planned.status?.conditions?.find(({ type }) => type === "FormerTexts");
  expect(found?.message).toMatch(/^7 of 7 live consents .* consents in eu\.$/);
  await patched("changed", { displayName: "Changed while its policy is held" });
  await soon("the Partner's own change to arrive", () =>
    (inEu().partner(clientId)?.shard.displayName ?? "").startsWith("Changed"),
  );
  expect(inEu().partner(clientId)?.shard.policy.maxDurationDays).toBe(365);

  await policyWith(300);
  await soon("the text to arrive", () => inEu().partner(clientId)?.shard.policy.maxDurationDays === 300);
  const told = await policySays("the new text", (policy) => policy.status?.hash !== hash);
  expect(told.status?.formerConsents).toBe(7);
  // Both lie in the hub, whose writes have one order.
  const shard = await hub.admin.get(configMaps, { namespace: "stack-eu", name: shardName(clientId) });
  expect(compareVersions(told.metadata.resourceVersion ?? "", shard?.metadata.resourceVersion)).toBeLessThan(
    0,
  );
  await hub.admin.delete(partners, { namespace: "partners", name: "changed" });
});
