import "reflect-metadata";
import { afterAll, beforeAll, expect, test } from "vitest";
import { REQUESTED_BY } from "../../crds/approval.ts";
import {
  type ApprovalObject,
  approvals,
  consentPolicies,
  failoverGroups,
  type PartnerObject,
  partners,
  regions,
} from "../../crds/resources.ts";
import { SERVED } from "../../crds/shard.ts";
import { secondPerson } from "../../deploy/second-person.ts";
import type { Client } from "../../kube/client.ts";
import { conditionOf } from "../../kube/condition.ts";
import type { KubeObject } from "../../kube/object.ts";
import { resourceTable } from "../../kube/resources.ts";
import { until } from "../../local/wait.ts";
import { createLog } from "../../runtime/service/logger.ts";
import { keepPodLease } from "../../runtime/service/pod-lease.ts";
import { APPROVAL_LABEL, clientIdOf } from "../csr/names.ts";
import { requestPem } from "../csr/testing/requests.ts";
import { ZONE } from "../csr/testing/signing-request.ts";
import { authorityFrom } from "../signer/authority.ts";
import { testAuthority } from "../signer/testing/authority.ts";
import { testGroup, testPolicy, testRegion } from "../testing/group.ts";
import { type Hub, startHub } from "../testing/hub.ts";
import { startTestOperator, type TestOperator } from "../testing/operator.ts";
import { testPartner } from "../testing/partner.ts";
import { startStackPod, type StackPod } from "../testing/stack-pod.ts";

const rules = [{ apiGroups: ["openbanking.wekeza.io"], resources: ["*"], verbs: ["*"] }];
const acme = { namespace: "partners", name: "acme" };
const ACME = clientIdOf("partners", "acme");

let hub: Hub;
let operator: TestOperator;
let gateway: StackPod;
/** What the gateway thinks of its callers. */
let feared: Readonly<Record<string, number>> = {};
/** What banking thinks of them, by what the fraud service says of their payments. */
let distrusted: Readonly<Record<string, number>> = {};
let endBanking: () => Promise<void>;
let alice: Client;
let bob: Client;

beforeAll(async () => {
  hub = await startHub();
  const ca = await testAuthority(ZONE);
  const authority = await authorityFrom(ca.intermediate, ca.intermediateKey);
  const certificates = { zone: ZONE, requester: "admin" };
  operator = await startTestOperator(hub.plane.kubeconfig, certificates, () => Promise.resolve(authority));
  await hub.namespace("partners", { [APPROVAL_LABEL]: "automatic" });
  await hub.namespace("stack-ke");
  const region = testRegion("ke");
  const production = { ...region, spec: { ...region.spec, environment: "production" as const } };
  await hub.admin.create(consentPolicies, testPolicy());
  await hub.admin.create(regions, production);
  await hub.admin.create(failoverGroups, testGroup("ke"));
  const table = resourceTable();
  for (const object of secondPerson())
    await hub.admin.apply(table.of(object as KubeObject), object as KubeObject, { fieldManager: "test" });
  const { signer } = operator;
  gateway = startStackPod(hub.admin, "gateway", { group: "ke", signer, behaviour: () => feared });
  endBanking = keepPodLease({
    client: hub.admin,
    namespace: "stack-ke",
    service: "banking",
    pod: "banking-1",
    annotations: () => ({ [SERVED.behaviour]: JSON.stringify(distrusted) }),
    log: createLog("banking", { level: "silent" }),
  });
  alice = await hub.clientOf("alice", rules);
  bob = await hub.clientOf("bob", rules);
});

afterAll(async () => {
  await gateway.stop();
  await endBanking();
  await operator.stop();
  await hub.stop();
});

async function partnerWhere(
  what: string,
  holds: (partner: PartnerObject) => boolean,
): Promise<PartnerObject> {
  let last: PartnerObject | undefined;
  try {
    return await until(
      async () => {
        last = await hub.admin.get(partners, acme);
        return last && last.status?.observedGeneration === last.metadata.generation && holds(last)
          ? last
          : undefined;
      },
      { timeout: 40_000, every: 20, what },
    );
  } catch (cause) {
    throw new Error(JSON.stringify(last?.status?.conditions, undefined, 1), { cause });
  }
}

const has =
  (type: string, status: string) =>
  ({ status: seen }: PartnerObject): boolean =>
    conditionOf(seen?.conditions, type)?.status === status;

/** Creates what status offers, under a name of one's own. */
async function agree(by: Client, name: string, { status }: PartnerObject): Promise<string> {
  const request = status?.approval?.pending?.request ?? "";
  const text = request.replace("APPROVER", name).replace("REASON", "their ticket 4711 says so");
  const { metadata } = await by.create(approvals, JSON.parse(text) as ApprovalObject);
  return metadata.name;
}

test("a production Partner goes live with a second person's Approval of what status offers", async () => {
  const partner = testPartner(await requestPem());
  await alice.create(partners, {
    ...partner,
    metadata: { ...partner.metadata, annotations: { [REQUESTED_BY]: "alice" } },
  });
  const waiting = await partnerWhere("acme to wait", has("Approved", "False"));
  expect(gateway.directory.partner(ACME)).toBeUndefined();
  await expect(agree(alice, "alice", waiting)).rejects.toThrow("cannot approve it; ask a second person");
  const name = await agree(bob, "bob", waiting);
  await partnerWhere("acme to be live", has("Ready", "True"));
  expect(gateway.directory.partner(ACME)?.shard.certificates).toHaveLength(1);
  const used = await until(
    async () => {
      const { status } = (await hub.admin.get(approvals, { name })) ?? {};
      return status?.state === "Used" ? status : undefined;
    },
    { timeout: 10_000, what: "the Approval to say that it was used" },
  );
  expect(conditionOf(used.conditions, "Ready")?.status).toBe("True");
});

test("a changed redirect URI is not served until a second person agrees, and a limit is", async () => {
  const merge = {
    metadata: { annotations: { [REQUESTED_BY]: "alice" } },
    spec: { redirectURIs: ["https://evil.example/callback"], displayName: "Acme & Sons" },
  };
  await alice.patch(partners, acme, { merge });
  const waiting = await partnerWhere("the change to wait", has("Approved", "False"));
  const shard = () => gateway.directory.partner(ACME)?.shard;
  await until(() => Promise.resolve(shard()?.displayName === "Acme & Sons"), {
    timeout: 10_000,
    what: "the new name to be served",
  });
  expect(shard()?.redirectUris).toEqual(["https://acme.example/callback"]);
  expect(waiting.status?.approval?.pending?.changes).toEqual(["redirectURIs"]);
  await agree(bob, "bob", waiting);
  await partnerWhere("the change to be approved", has("Approved", "True"));
  await until(() => Promise.resolve(shard()?.redirectUris[0] === "https://evil.example/callback"), {
    timeout: 10_000,
    what: "the approved address to be served",
  });
});

test("what a gateway thinks of a partner bounds its limit, and what Wekeza-Fraud says of its payments suspends it, without anybody's doing", async () => {
  const limit = () => gateway.directory.partner(ACME)?.shard.limit.requestsPerSecond;
  await alice.patch(partners, acme, { merge: { spec: { risk: { mode: "dynamic" } } } });
  feared = { [ACME]: 80 };
  await until(() => Promise.resolve(limit() === 20), { timeout: 10_000, what: "a tenth of the limit" });
  const { status } = await partnerWhere("the reason to be told", has("RiskNormal", "False"));
  expect(conditionOf(status?.conditions, "RiskNormal")?.message).toContain(
    "gateway-1 refuses much of what it asks for.",
  );
  distrusted = { [ACME]: 90 };
  await until(() => Promise.resolve(gateway.directory.partner(ACME)?.suspended), {
    timeout: 10_000,
    what: "the suspension",
  });
  const suspended = await partnerWhere("the suspension to be told", has("Ready", "False"));
  expect(suspended.status?.risk?.reason).toBe(
    "Wekeza-Fraud refuses or holds many of its payments (banking-1).",
  );
  await alice.patch(partners, acme, { merge: { spec: { risk: { mode: "off" } } } });
  await until(
    () => Promise.resolve(gateway.directory.partner(ACME)?.suspended === false && limit() === 200),
    {
      timeout: 10_000,
      what: "the whole limit, once a person has decided so",
    },
  );
});

test("an Approval of a change that is no longer asked for says so, and approves nothing", async () => {
  const roles = (list: string[]) => ({
    merge: { metadata: { annotations: { [REQUESTED_BY]: "alice" } }, spec: { roles: list } } as never,
  });
  await alice.patch(partners, acme, roles(["AISP", "PISP"]));
  const first = await partnerWhere("the first change to wait", has("Approved", "False"));
  await alice.patch(partners, acme, roles(["AISP", "CBPII"]));
  await partnerWhere(
    "the second change to wait",
    ({ status }) => status?.approval?.pending?.hash !== first.status?.approval?.pending?.hash,
  );
  const name = await agree(bob, "bob", first);
  await until(async () => (await hub.admin.get(approvals, { name }))?.status?.state === "NothingPending", {
    timeout: 10_000,
    what: "the Approval to say that nothing waits for it",
  });
  expect(gateway.directory.partner(ACME)?.shard.roles).toEqual(["AISP"]);
});
