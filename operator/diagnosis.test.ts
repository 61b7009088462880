import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { beforeAll, expect, test } from "vitest";
import type { Roster } from "../crds/shard.ts";
import type { ConditionStatement } from "../kube/condition.ts";
import { conditionOf } from "../kube/condition.ts";
import { KubeError } from "../kube/error.ts";
import { kubeconfigCredentials } from "../kube/kubeconfig.ts";
import { decideApproval } from "./approver/decision.ts";
import { withCondition } from "./csr/condition.ts";
import { type RequestParts, requestPem } from "./csr/testing/requests.ts";
import { ACME, OPERATOR, partnerSigningRequest, ZONE } from "./csr/testing/signing-request.ts";
import { plan as planGroup } from "./failover-group/plan.ts";
import { INTO_STORE_ANNOTATION } from "./failover-group/stored-keys.ts";
import { bare, group, running } from "./failover-group/testing/world.ts";
import type { World as GroupWorld } from "./failover-group/world.ts";
import { planPartner } from "./partner/plan.ts";
import type { PartnerWorld } from "./partner/world.ts";
import { unusable } from "./region/engagement.ts";
import { silenceOf } from "./region/observe.ts";
import { plan as planRegion } from "./region/plan.ts";
import type { Reach } from "./region/world.ts";
import { newSigningKey, shardSigner } from "./signing-key.ts";
import { ke } from "./testing/custom-resources.ts";
import { testPolicy } from "./testing/group.ts";
import { testJwk, testPartner } from "./testing/partner.ts";

/** Something broken that admission lets pass, and what `kubectl describe` then shows. */
interface Diagnosis {
  readonly kind: "Region" | "FailoverGroup" | "Partner";
  readonly broken: string;
  readonly conditions: readonly ConditionStatement[];
  /** The condition that says so, where it holds up nothing; absent: `Ready`. */
  readonly beside?: string;
}

const now = new Date("2026-11-22T18:00:00Z");
const server = "https://10.64.0.12:6443";
const diagnoses: Diagnosis[] = [];
const THERE = { name: "ke", region: "ke", cluster: "ke", namespace: "stack-ke", stack: "there" } as const;

function region(broken: string, reach: Reach | undefined): void {
  const resource = { ...ke, metadata: { name: "ke", creationTimestamp: "2026-11-22T17:00:00Z" } };
  if (!reach) throw new Error(`${broken}: nothing is wrong with that.`);
  const { status } = planRegion(resource, { reach, groups: [], zone: "openbanking.test" }, now);
  diagnoses.push({ kind: "Region", broken, conditions: status.conditions });
}

/** A Region whose Secret holds what no connection can be made of. */
function kubeconfig(broken: string, cluster: object, user: object): void {
  const text = JSON.stringify({
    "current-context": "ke",
    contexts: [{ name: "ke", context: { cluster: "ke", user: "operator" } }],
    clusters: [{ name: "ke", cluster }],
    users: [{ name: "operator", user }],
  });
  try {
    kubeconfigCredentials(text, { trusted: false });
  } catch (error) {
    const message = unusable("Secret wekeza-system/region-ke", error);
    return region(broken, { state: "credentialsMissing", message });
  }
  throw new Error(`${broken}: nothing is wrong with that.`);
}

function failoverGroup(broken: string, world: Partial<GroupWorld>, of = group, at = now): void {
  const { status } = planGroup(of, { ...bare, ...world }, at);
  diagnoses.push({ kind: "FailoverGroup", broken, conditions: status.conditions });
}

/** What a group says of itself while it serves as before. */
function beside(condition: string, what: string, world: Partial<GroupWorld>, of = group): void {
  const { status } = planGroup(of, { ...bare, ...world }, now);
  diagnoses.push({ kind: "FailoverGroup", broken: what, conditions: status.conditions, beside: condition });
}

function partner(broken: string, world: Partial<PartnerWorld>, of: ReturnType<typeof testPartner>): void {
  const complete: PartnerWorld = {
    clientId: ACME,
    policy: testPolicy(),
    requests: new Map(),
    approvals: [],
    risk: undefined,
    groups: [{ ...THERE, servers: [] }],
    lostClusters: [],
    ...world,
  };
  const { status } = planPartner(of, complete, now, shardSigner([newSigningKey()]));
  diagnoses.push({ kind: "Partner", broken, conditions: status.conditions });
}

/** A Partner whose request the approver has answered, as it answers everywhere. */
async function judged(broken: string, parts: RequestParts): Promise<void> {
  const csr = await requestPem(parts);
  const request = partnerSigningRequest(csr);
  const world = { request: undefined, partner: undefined, automatic: false };
  const denial = decideApproval(request, world, { zone: ZONE, requester: OPERATOR });
  const answered = denial ? withCondition(request, denial) : request;
  partner(broken, { requests: new Map([[request.metadata.name, answered]]) }, testPartner(csr));
}

beforeAll(async () => {
  const answer = (status: number, reason: string) => new KubeError(`${reason}.`, { reason, status });
  region("its kubeconfig Secret is missing", {
    state: "credentialsMissing",
    message: "Secret wekeza-system/region-ke with key kubeconfig is missing; create it.",
  });
  kubeconfig(
    "its kubeconfig would send a token in the clear",
    { server: "http://10.64.0.12:6443" },
    { token: "t" },
  );
  kubeconfig("its kubeconfig names a program", { server }, { exec: { command: "aws" } });
  kubeconfig("its kubeconfig has no address", { server: "10.64.0.12:6443" }, { token: "t" });
  kubeconfig(
    "its kubeconfig has text where a CA should be",
    { server, "certificate-authority-data": "eA==" },
    {},
  );
  region("its token is not believed", silenceOf(server, answer(401, "Unauthorized")));
  region(
    "its cluster is silent",
    silenceOf(server, new KubeError("connect ECONNREFUSED.", { reason: "Unreachable" })),
  );

  const { region: _, ...silent } = bare;
  const { hostTls: __, ...uncertified } = bare;
  const { partnerCa: ___, ...untrusted } = bare;
  const [home] = bare.members;
  const members = home?.spec ? [{ ...home, spec: { ...home.spec, country: "DE" } }] : [];
  failoverGroup("a member that does not exist", { members: [{ name: "ke", leaving: false }] });
  failoverGroup("a member abroad", { members });
  const core = { url: "https://core.bank.example" };
  const cored = home?.spec ? [home, { ...home, name: "ke-2", spec: { ...home.spec, core } }] : [];
  failoverGroup("a member with a core beside one without", { members: cored });
  failoverGroup(
    "a list of members that another region leads now",
    {},
    {
      ...group,
      spec: { ...group.spec, members: ["eu"] },
      status: { ...group.status, active: "ke" },
    },
  );
  const hosts = [group.spec.hosts.api];
  failoverGroup("a host of an older group", { neighbours: [{ name: "older", created: "2026", hosts }] });
  failoverGroup("a region that is silent", {
    ...silent,
    region: undefined,
    unreachable: "connect ECONNREFUSED",
  });
  failoverGroup("no certificate for its hosts", { ...uncertified, hostTls: undefined });
  failoverGroup("text where a certificate should be", { hostTls: { certificate: "eA==", key: "eA==" } });
  const ends = new X509Certificate(Buffer.from(bare.hostTls?.certificate ?? "", "base64")).validToDate;
  failoverGroup("a certificate that has expired", {}, group, new Date(ends.getTime() + 1_000));
  failoverGroup("no CA of partners", { ...untrusted, partnerCa: undefined });
  const stuck = new Map(running());
  const gateway = stuck.get("Deployment gateway");
  const message = 'ReplicaSet "gateway-6d4c" has timed out progressing.';
  const conditions = [{ type: "Progressing", status: "False", message }];
  if (gateway)
    stuck.set("Deployment gateway", {
      ...gateway,
      status: { ...gateway.status, availableReplicas: 0, conditions },
    });
  failoverGroup(
    "a gateway that does not start",
    bare.region ? { region: { ...bare.region, observed: stuck } } : {},
  );

  const made = { postgres: { storage: "1Gi", storageClass: "plain" } };
  const grown = bare.region ? { ...bare.region, made } : undefined;
  beside("VolumesCurrent", "a size or StorageClass that is not that of its volumes", { region: grown });
  const copying = bare.members.map(({ spec, ...member }) =>
    spec ? { ...member, spec: { ...spec, database: { ...spec.database, readReplicas: 2 } } } : member,
  );
  beside("ReadReplicasReady", "read replicas that do not follow yet", { members: copying });
  const openBao = {
    address: "https://vault.bank.example:8200",
    mount: "transit",
    auth: "kubernetes",
    role: "r",
  };
  const naming = bare.members.map(({ spec, ...member }) =>
    spec ? { ...member, spec: { ...spec, keyStore: { openBao, keys: ["events-keys" as const] } } } : member,
  );
  const there = { ...group, status: { image: bare.images.wekeza } };
  beside("KeysInStore", "a key store that came when its stack was there", { members: naming }, there);
  const annotations = { [INTO_STORE_ANNOTATION]: "event-keys" };
  const mistyped = { ...group, metadata: { ...group.metadata, annotations } };
  beside(
    "KeysInStore",
    "an order to move a key that its Region does not name",
    { members: naming },
    mistyped,
  );
  const retiring = [{ subject: "CN=Old Root", partners: ["partners/acme"] }];
  beside("TrustCurrent", "an authority of partners that goes", { retiring });
  const busy = bare.region ? { ...bare.region, requests: [9_000] } : undefined;
  beside("LoadCovered", "more requests than its gateways are allowed for", { region: busy });
  const grand = bare.members.map(({ spec, ...member }) => {
    const runtime = spec && { ...spec.runtime, services: { minReplicas: 1, maxReplicas: 40 } };
    return spec && runtime ? { ...member, spec: { ...spec, runtime } } : member;
  });
  beside("ConnectionsCovered", "more pods than its database has connections for", {
    members: grand as typeof bare.members,
  });
  const [present, wanted] = ["wekeza/runtime:1", bare.images.wekeza];
  const upgraded = { ...group, status: { active: "ke", image: present, failedImage: wanted } };
  beside("Upgraded", "an image that was rolled back", {}, upgraded);
  const first = { name: "a-group", created: "2026", hosts: [], image: present };
  beside(
    "Upgraded",
    "an image that another group takes first",
    { neighbours: [first] },
    {
      ...group,
      status: { active: "ke", image: present },
    },
  );
  const [clientId, own] = ["ptn-0123456789abcdef", "stack-east-africa-ptn-0123456789abcdef"];
  const gateways = { clientId, partner: "partners/acme", namespace: own, serving: true };
  const dedicated = [{ ...gateways, host: "acme.test", image: present, failedImage: wanted }];
  const tenant = { clientId, partner: "partners/acme", dedicated: true, served: true, requests: [] };
  const tenants = [{ ...tenant, observed: new Map() }];
  beside(
    "Upgraded",
    "an image that gateways of one partner gave up",
    bare.region ? { region: { ...bare.region, tenants } } : {},
    { ...group, status: { active: "ke", image: wanted, dedicated } },
  );

  const csr = await requestPem();
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const { n = "" } = privateKey.export({ format: "jwk" });
  const bad = [{ ...testJwk("acme-1"), x: "AAAA" }];
  const short = [
    { kty: "RSA", kid: "old", alg: "PS256", use: "sig", n: n.slice(0, 171), e: "AQAB" },
  ] as never;
  partner("a signing key that is none", {}, testPartner(csr, { jwks: { keys: bad } }));
  partner("a signing key that is too short", {}, testPartner(csr, { jwks: { keys: short } }));
  partner("a ConsentPolicy that does not exist", { policy: undefined }, testPartner(csr));
  const loose = testPolicy();
  partner(
    "a ConsentPolicy that gives more than the law of its Region",
    {
      policy: { ...loose, spec: { ...loose.spec, unattendedCallsPerDay: 24 } },
      groups: [{ ...THERE, region: "de", production: true, law: "eu-psd2", servers: [] }],
    },
    testPartner(csr),
  );
  const planOnly = { "openbanking.wekeza.io/plan": "only" };
  const held = { ...testPolicy(), metadata: { ...testPolicy().metadata, annotations: planOnly } };
  partner("a new ConsentPolicy that is to be planned only", { policy: held }, testPartner(csr));
  partner("a CSR with a letter mistyped", {}, testPartner(csr.replace("\nMI", "\nNI")));
  partner("a CSR that waits for a person", withPending(csr), testPartner(csr));
  await judged("a CSR of the wrong curve", { key: "p384" });
  await judged("a CSR signed with SHA-1", { key: "rsa2048sha1" });
  await judged("a CSR for somebody else's name", {
    names: [{ type: "dns", value: "ptn-2.partners.openbanking.test" }],
  });
  const entry = { clientId: ACME, minimumVersion: 1, suspended: true, revoked: [] };
  const roster: Roster = {
    kind: "roster",
    group: "ke",
    version: 1,
    issuedAt: now.toISOString(),
    partners: [entry],
  };
  partner(
    "suspended",
    { groups: [{ ...THERE, roster, servers: [] }] },
    testPartner(csr, { suspended: true }),
  );
});

function withPending(csr: string): Partial<PartnerWorld> {
  const request = partnerSigningRequest(csr);
  return { requests: new Map([[request.metadata.name, request]]) };
}

const saidBy = ({ conditions, beside: type = "Ready" }: Diagnosis) => conditionOf(conditions, type);

/** Hashes of keys made for the test differ from run to run. */
const steady = (text: string) => text.replaceAll(/-primary-[0-9a-f]{10}/g, "-primary-0123456789");

test("each says what is wrong, and what to do", () => {
  for (const each of diagnoses) {
    const said = saidBy(each);
    expect({ broken: each.broken, status: said?.status }).toEqual({ broken: each.broken, status: "False" });
    expect(said?.message).toMatch(NEXT_STEP);
  }
});

/** The words by which a sentence tells its reader what to do, or that nothing is to be done. */
const NEXT_STEP =
  /\b(add|create|lower|renew|replace|choose|delete|put|take|start|set|use|leave|sign|make|kubectl|tried again|goes on as it is|see|raise|install|write|waits for)\b/i;

test("the table of docs/reference is what the operator says", async () => {
  const rows = (some: readonly Diagnosis[]) =>
    some
      .map((each) => {
        const { reason, message } = saidBy(each) ?? { reason: "", message: "" };
        const stalls = conditionOf(each.conditions, "Stalled")?.status === "True" ? "yes" : "";
        const last = `${steady(message).replaceAll("|", "\\|")} |`;
        return each.beside === undefined
          ? `| ${each.kind} | ${each.broken} | \`${reason}\` | ${stalls} | ${last}`
          : `| ${each.kind} | ${each.broken} | \`${each.beside}\` | \`${reason}\` | ${stalls} | ${last}`;
      })
      .join("\n");
  const page = `# What \`kubectl describe\` says

Wrong resources are refused when they are applied: [crds/examples/refused](../../crds/examples/refused) has each with its answer.
What admission cannot see is said by the operator, in the condition \`Ready\`: what is wrong, and what to do. \`Stalled\` is there too
when only a person can help; else it is tried again. \`status.history\` keeps the last ten failures when Events have expired.

This page is written by [operator/diagnosis.test.ts](../../operator/diagnosis.test.ts), which fails when the operator says something else.

| kind | what is broken | reason | stalled | message |
|---|---|---|---|---|
${rows(diagnoses.filter(({ beside: other }) => other === undefined))}

What holds up nothing has a condition of its own, \`False\` while it is so, and everything serves as before:

| kind | what is so | condition | reason | stalled | message |
|---|---|---|---|---|---|
${rows(diagnoses.filter(({ beside: other }) => other !== undefined))}
`;
  await expect(page).toMatchFileSnapshot("../docs/reference/diagnosis.md");
});
