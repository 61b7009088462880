import "reflect-metadata";
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { PAYLOAD_KEY, type Roster, shardName, SIGNATURE_KEY } from "../../crds/shard.ts";
import { HOME } from "../../kube/plan.ts";
import type { CertificateSigningRequest, ConfigMap } from "../../kube/resources.ts";
import { withCertificate, withCondition } from "../csr/condition.ts";
import { requestFromPem } from "../csr/pem.ts";
import { readCertificateRequest } from "../csr/request.ts";
import { requestPem } from "../csr/testing/requests.ts";
import { ACME, partnerSigningRequest, ZONE } from "../csr/testing/signing-request.ts";
import type { PartnerObject } from "../../crds/resources.ts";
import type { Server } from "../signed/server.ts";
import { signedReader } from "../signed/signed-reader.ts";
import { authorityFrom } from "../signer/authority.ts";
import { issueCertificate, SERIAL_OCTETS } from "../signer/certificate.ts";
import { partnerProfile } from "../signer/profile.ts";
import { testAuthority } from "../signer/testing/authority.ts";
import { newSigningKey, shardSigner } from "../signing-key.ts";
import { policyText } from "../signed/policy-text.ts";
import { testPolicy } from "../testing/group.ts";
import { testPartner } from "../testing/partner.ts";
import { signedBy } from "../testing/signed-by.ts";
import { planPartner, type PartnerPlan } from "./plan.ts";
import type { GroupWorld, PartnerWorld } from "./world.ts";

const now = new Date("2026-11-22T18:00:00Z");
const later = new Date("2026-11-22T19:00:00Z");
const signingKey = newSigningKey();
const signer = shardSigner([signingKey]);
const reader = signedReader(signer.trust);
const approved = { type: "Approved", reason: "Person", message: "yes" } as const;

let csr: string;
let pending: CertificateSigningRequest;
let issued: CertificateSigningRequest;
let partner: PartnerObject;

beforeAll(async () => {
  const ca = await testAuthority(ZONE);
  csr = await requestPem();
  partner = testPartner(csr);
  pending = partnerSigningRequest(csr);
  const { publicKey } = readCertificateRequest(requestFromPem(csr) ?? new Uint8Array());
  const pem = await issueCertificate(await authorityFrom(ca.intermediate, ca.intermediateKey), {
    profile: partnerProfile(ACME, ZONE),
    validity: { notBefore: now, notAfter: new Date("2027-02-20T18:00:00Z") },
    publicKey,
    serial: randomBytes(SERIAL_OCTETS),
  });
  issued = withCertificate(withCondition(pending, approved), pem);
});

const stack = { name: "ke", region: "ke", cluster: "ke", namespace: "stack-ke" } as const;
const emptyStack: GroupWorld = { ...stack, stack: "there", servers: [] };

function world(change: Partial<PartnerWorld> = {}): PartnerWorld {
  const policy = testPolicy();
  return {
    clientId: ACME,
    policy,
    requests: new Map(),
    approvals: [],
    risk: undefined,
    groups: [emptyStack],
    lostClusters: [],
    ...change,
  };
}

function withRequest(request: CertificateSigningRequest): Partial<PartnerWorld> {
  return { requests: new Map([[request.metadata.name, request]]) };
}

function plan(change: Partial<PartnerWorld> = {}, of = partner, at = now): PartnerPlan {
  return planPartner(of, world(change), at, signer);
}

/** The Partner after the plan's status was written. */
function after({ status }: PartnerPlan, of = partner): PartnerObject {
  return { ...of, status: status as NonNullable<PartnerObject["status"]> };
}

function condition({ status }: PartnerPlan, type: string) {
  return status.conditions.find((each) => each.type === type);
}

/** The stack once the plan's shard lies there, as resource version 7. */
function withShard(made: PartnerPlan, ...servers: readonly Server[]): GroupWorld {
  const bare = shardOf(made);
  const configMap: ConfigMap = { ...bare, metadata: { ...bare.metadata, resourceVersion: "7" } };
  return {
    ...emptyStack,
    configMap,
    shard: reader.shard(configMap, "ke", ACME),
    servers,
  };
}

function pod(service: string, resourceVersion: string, refused: readonly [string, string][] = []): Server {
  return {
    pod: `${service}-1`,
    service,
    startedAt: now,
    resourceVersion,
    rosterVersion: 1,
    refused: new Map(refused),
    behaviour: new Map(),
  };
}

function rosterWith(suspended: boolean): Roster {
  const partners = [{ clientId: ACME, minimumVersion: 1, suspended, revoked: [] }];
  return { kind: "roster", group: "ke", version: 1, issuedAt: now.toISOString(), partners };
}

describe("a certificate", () => {
  test("is requested, under a name that holds client id and CSR", () => {
    const made = plan();
    expect(made.actions).toEqual([
      {
        do: "requestCertificate",
        certificate: "primary",
        request: pending.metadata.name,
        clientId: ACME,
        csr,
      },
    ]);
    expect(condition(made, "CertificateIssued")).toMatchObject({
      status: "False",
      reason: "AwaitingApproval",
    });
  });

  test("waits for approval, with the command that gives it, and asks no second time", () => {
    const made = plan(withRequest(pending));
    expect(made.actions).toEqual([]);
    expect(condition(made, "CertificateIssued")?.message).toContain(
      `kubectl certificate approve ${pending.metadata.name}`,
    );
    expect(made.status.summary).toBe("AwaitingApproval");
  });

  test("is taken back when the spec no longer asks for it, by the UID that was seen", () => {
    const { metadata } = pending;
    const renamed = testPartner(csr, { certificates: [{ name: "other", csr }] });
    const { actions } = plan(withRequest(pending), renamed);
    expect(actions).toContainEqual({ do: "withdrawRequest", request: metadata.name, uid: metadata.uid });
    expect(plan(withRequest(pending)).actions).toEqual([]);
    expect(plan(withRequest(issued), renamed).actions).toMatchObject([{ do: "requestCertificate" }]);
  });

  test("goes into status once it is issued", () => {
    const made = plan(withRequest(issued));
    expect(made.status.certificates?.[0]).toMatchObject({
      name: "primary",
      notAfter: "2027-02-20T18:00:00.000Z",
      thumbprint: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
      pem: expect.stringMatching(/^-----BEGIN CERTIFICATE-----[\s\S]+-----BEGIN CERTIFICATE-----/),
    });
    expect(made.status.certificateExpires).toBe("2027-02-20T18:00:00.000Z");
    expect(condition(made, "CertificateIssued")).toMatchObject({ status: "True" });
  });

  test("is never asked for again, though its request is gone", () => {
    const first = plan(withRequest(issued));
    const second = plan({}, after(first));
    expect(second.actions).toEqual([]);
    expect(second.status.certificates).toEqual(first.status.certificates);
  });

  test("that was denied stalls the Partner with the denial's words, and is not asked for again", () => {
    const denied = withCondition(pending, {
      type: "Denied",
      reason: "PolicyRefused",
      message: "subjectAltName: no",
    });
    const first = plan(withRequest(denied));
    expect(condition(first, "Stalled")).toMatchObject({
      status: "True",
      reason: "CertificateDenied",
      message: expect.stringMatching(/subjectAltName: no.*new CSR/),
    });
    const second = plan({}, after(first));
    expect(second.actions).toEqual([]);
    expect(condition(second, "Stalled")).toEqual(condition(first, "Stalled"));
    expect(plan({}, after(second)).status).toEqual(second.status);
  });

  test("of an earlier CSR stays while a new one waits", async () => {
    const first = plan(withRequest(issued));
    const renewed = {
      ...after(first),
      spec: { ...partner.spec, certificates: [{ name: "primary", csr: await requestPem() }] },
    };
    const second = plan({}, renewed);
    expect(second.actions).toHaveLength(1);
    expect(second.status.certificates?.[0]?.pem).toBe(first.status.certificates?.[0]?.pem);
  });

  test("for another key is refused", async () => {
    const other = await requestPem();
    const stolen = { ...partnerSigningRequest(other), status: issued.status ?? {} };
    const made = plan(withRequest(stolen), testPartner(other));
    expect(condition(made, "Stalled")).toMatchObject({ reason: "CertificateRefused" });
    expect(made.status.certificates?.[0]?.pem).toBeUndefined();
  });

  test("that has expired is said to have, and the plan looks again at every notice and at the end", () => {
    const first = plan({ ...withRequest(issued), groups: [] });
    expect(first.recheckAfter).toBe(Date.parse("2027-01-21T18:00:00Z") - now.getTime());
    const last = plan({ groups: [] }, after(first), new Date("2027-02-19T18:00:01Z"));
    expect(last.recheckAfter).toBe(86_399_000);
    const expired = plan({}, after(first), new Date("2027-02-20T18:00:01Z"));
    expect(condition(expired, "Stalled")).toMatchObject({ reason: "CertificateExpired" });
    expect(expired.status.certificateExpires).toBeUndefined();
  });
});

describe("a shard", () => {
  test("carries all a stack needs, signed", async () => {
    const made = plan(withRequest(issued));
    expect(made.objects).toHaveLength(1);
    const object = shardOf(made);
    expect(made.objects[0]?.cluster).toBe("ke");
    expect(object.metadata).toMatchObject({ name: shardName(ACME), namespace: "stack-ke" });
    const document = reader.shard(object, "ke", ACME);
    const [key] = partner.spec.jwks.keys;
    const stable = {
      ...document,
      jwks: { keys: [{ ...key, x: "…", y: "…" }] },
      certificates: [{ name: "primary", thumbprint: "…", serial: "…", notAfter: "2027-02-20T18:00:00.000Z" }],
    };
    expect(document).toBeDefined();
    await expect(`${JSON.stringify(stable, undefined, 2)}\n`).toMatchFileSnapshot("golden/shard.json");
  });

  test("keeps its version and its bytes while nothing changes", () => {
    const first = plan(withRequest(issued));
    const second = plan({ ...withRequest(issued), groups: [withShard(first)] }, after(first), later);
    expect(shardOf(second).data).toEqual(shardOf(first).data);
  });

  test("gets a higher version with a change, even when the clock went back", () => {
    const first = plan(withRequest(issued), partner, later);
    const changed = testPartner(csr, { displayName: "Acme & Sons" });
    const second = plan({ ...withRequest(issued), groups: [withShard(first)] }, changed, now);
    const versions = [first, second].map(versionOf);
    expect(versions[1]).toBe((versions[0] ?? 0) + 1);
  });

  test("is to be signed when it says something new, and keeps its signature otherwise", () => {
    const first = plan(withRequest(issued));
    expect(first.objects[0]).toMatchObject({ incomplete: true });
    expect(first.objects[0]?.object).not.toHaveProperty(["data", SIGNATURE_KEY]);
    const again = { ...withRequest(issued), groups: [withShard(first)] };
    expect(plan(again, after(first), later).objects[0]).toMatchObject({
      incomplete: false,
      object: { data: shardOf(first).data },
    });
    const changed = plan(again, { ...after(first), spec: { ...partner.spec, displayName: "Acme & Sons" } });
    expect(changed.objects[0]).toMatchObject({ incomplete: true });
  });

  test("is signed anew, with not a word changed, when another trusted key signs", () => {
    const first = plan(withRequest(issued));
    const again = { ...withRequest(issued), groups: [withShard(first)] };
    const [made] = planPartner(after(first), world(again), later, { kid: "next" }).objects;
    expect(made).toMatchObject({ incomplete: true });
    expect((made?.object as ConfigMap | undefined)?.data).toEqual({
      [PAYLOAD_KEY]: shardOf(first).data?.[PAYLOAD_KEY],
    });
  });

  test("keeps no signature that does not hold, whoever put it there", () => {
    const first = plan(withRequest(issued));
    const { data = {} } = shardOf(first);
    const [header = "", , signed = ""] = (data[SIGNATURE_KEY] ?? "").split(".");
    const own = (text: string) =>
      Buffer.from(JSON.stringify({ alg: "EdDSA", kid: text })).toString("base64url");
    const forgery = fc.oneof(
      fc
        .nat(84)
        .map(
          (at) => `${header}..${signed.slice(0, at)}${signed[at] === "A" ? "B" : "A"}${signed.slice(at + 1)}`,
        ),
      fc.string().map((text) => `${header}..${Buffer.from(text).toString("base64url")}`),
      fc.string().map((kid) => `${own(kid)}..${signed}`),
      fc.constantFrom(`${header}.x.${signed}`, `${header}..${signed}.`, `${header}.${signed}`),
      fc.string(),
    );
    const property = fc.property(forgery, (signature) => {
      const lies = { ...shardOf(first), data: { ...data, [SIGNATURE_KEY]: signature } };
      const shard = reader.shard(lies, "ke", ACME);
      const group = { ...emptyStack, configMap: lies, shard };
      return plan({ ...withRequest(issued), groups: [group] }, after(first)).objects[0]?.incomplete === true;
    });
    expect(() => fc.assert(property)).not.toThrow();
  });

  test("somebody else wrote counts as none", () => {
    const first = plan(withRequest(issued));
    const forged = withShard(first);
    const data = { [PAYLOAD_KEY]: forged.configMap?.data?.[PAYLOAD_KEY] ?? "" };
    const configMap = signedBy(newSigningKey(), { ...(forged.configMap as ConfigMap), data });
    expect(reader.shard(configMap, "ke", ACME)).toBeUndefined();
    expect(reader.shard(forged.configMap, "eu", ACME)).toBeUndefined();
  });

  test("that cannot be made anew stays as it lies", () => {
    const first = plan(withRequest(issued));
    const groups = [withShard(first)];
    const bytes = shardOf(first).data;
    const badKey = { kty: "EC" as const, crv: "P-256" as const, kid: "bad", x: "AAAA", y: "AAAA" };
    const poisoned = plan({ ...withRequest(issued), groups }, testPartner(csr, { jwks: { keys: [badKey] } }));
    expect(shardOf(poisoned).data).toEqual(bytes);
    expect(condition(poisoned, "Stalled")).toMatchObject({
      reason: "KeyInvalid",
      message: expect.stringContaining("bad"),
    });
    const orphaned = plan({ ...withRequest(issued), groups, policy: undefined });
    expect(shardOf(orphaned).data).toEqual(bytes);
    expect(condition(orphaned, "Ready")).toMatchObject({ status: "False", reason: "PolicyMissing" });
    expect(condition(orphaned, "Stalled")).toBeUndefined();
  });

  test("is not made of a policy that gives more than the law of a production Region, and the last one stays", () => {
    const first = plan(withRequest(issued));
    const loose = testPolicy();
    const spec = { ...loose.spec, unattendedCallsPerDay: 5 };
    const policy = { ...loose, spec, status: { hash: policyText(spec).hash } };
    const under = (law: GroupWorld["law"]) =>
      plan({ ...withRequest(issued), groups: [{ ...withShard(first), law }], policy });
    const held = under("eu-psd2");
    expect(shardOf(held).data).toEqual(shardOf(first).data);
    expect(condition(held, "Ready")).toMatchObject({
      status: "False",
      reason: "PolicyBeyondLaw",
      message: expect.stringContaining("allows 4 (EU 2018/389 article 36(5)(b)): lower it"),
    });
    for (const law of ["ke-cbk", undefined] as const)
      expect(shardOf(under(law)).data).not.toEqual(shardOf(first).data);
  });

  test("waits for its stack, and a missing or unreachable group holds up no other", () => {
    const groups: GroupWorld[] = [
      {
        ...emptyStack,
        name: "eu",
        stack: "away",
        cluster: "eu",
        namespace: "stack-eu",
        problem: "Region eu does not answer.",
      },
      { ...emptyStack, name: "us", stack: "missing", problem: "FailoverGroup us does not exist." },
      { ...emptyStack, name: "za", stack: "unready", problem: "The stack of group za is still being made." },
      emptyStack,
    ];
    const of = testPartner(csr, { groups: ["ke", "eu", "us", "za"] });
    const made = plan({ ...withRequest(issued), groups }, of);
    expect(made.objects.map(({ cluster }) => cluster)).toEqual(["eu", "ke"]);
    expect(made.status.groups?.map(({ message }) => message)).toEqual([
      "Region eu does not answer.",
      "FailoverGroup us does not exist.",
      "The stack of group za is still being made.",
      "The newest settings are on their way to group ke.",
    ]);
  });
});

describe("served", () => {
  const served = (...servers: readonly Server[]): PartnerPlan => {
    const first = plan(withRequest(issued));
    return plan({ ...withRequest(issued), groups: [withShard(first, ...servers)] }, after(first), later);
  };

  test("is a Partner whose shard every pod has taken in", () => {
    const made = served(pod("gateway", "7"), pod("oauth", "12"));
    expect(condition(made, "Ready")).toMatchObject({ status: "True", reason: "Live" });
    expect(made.status).toMatchObject({ summary: "Live", servedGroups: "1/1", effectiveLimit: "200/s" });
    expect(made.status.conditions.map(({ type }) => type)).not.toContain("Reconciling");
  });

  test.each([
    { why: "nobody serves", servers: [], want: "No gateway" },
    { why: "only oauth does", servers: [pod("oauth", "9")], want: "No gateway" },
    {
      why: "one pod is behind",
      servers: [pod("gateway", "7"), pod("oauth", "6")],
      want: "oauth-1 has not taken in",
    },
  ])("is not a Partner where $why", ({ servers, want }) => {
    expect(condition(served(...servers), "Served")).toMatchObject({
      status: "False",
      reason: "AwaitingGateways",
      message: expect.stringContaining(want),
    });
  });

  test("is not one whose shard a pod refused, and it is told why", () => {
    const made = served(pod("gateway", "7", [[ACME, "its kid is taken"]]));
    expect(condition(made, "Served")).toMatchObject({
      reason: "ShardRefused",
      message: expect.stringContaining("its kid is taken"),
    });
  });
});

test("a suspended Partner is not ready, and says whether every stack refuses it", () => {
  const of = testPartner(csr, { suspended: true });
  const suspendedIn = (roster: Roster) =>
    condition(plan({ ...withRequest(issued), groups: [{ ...emptyStack, roster }] }, of), "Suspended");
  expect(suspendedIn(rosterWith(true))).toMatchObject({ status: "True" });
  expect(suspendedIn(rosterWith(false))).toMatchObject({ status: "False", reason: "AwaitingGateways" });
  const unsigned = plan({ groups: [emptyStack], unsigned: "The key store cannot sign now." }, of);
  expect(condition(unsigned, "Suspended")).toMatchObject({
    status: "False",
    reason: "KeyStoreAway",
    message: "The suspension has not been confirmed by all of ke. The key store cannot sign now.",
  });
});

describe("a Partner that is deleted", () => {
  const leaving = (groups: readonly GroupWorld[]): PartnerPlan => {
    const metadata = { ...partner.metadata, deletionTimestamp: now.toISOString() };
    return plan({ groups }, { ...partner, metadata });
  };

  test("stays until no roster lists it, then goes", () => {
    const listed = leaving([{ ...emptyStack, roster: rosterWith(false) }]);
    expect(listed).toMatchObject({ objects: [], actions: [], retain: true });
    const gone = leaving([{ ...emptyStack, roster: { ...rosterWith(false), partners: [] } }]);
    expect(gone.retain).toBe(false);
  });

  test("takes its certificate requests back, by the UID that was seen", () => {
    const metadata = { ...partner.metadata, deletionTimestamp: now.toISOString() };
    const { actions } = plan(withRequest(issued), { ...partner, metadata });
    expect(actions).toEqual([
      { do: "withdrawRequest", request: issued.metadata.name, uid: issued.metadata.uid },
    ]);
  });

  test("waits for a region that is away and says so, but not for a group that is gone", () => {
    const away = leaving([{ ...emptyStack, stack: "away", problem: "Region ke does not answer." }]);
    expect(away.retain).toBe(true);
    expect(condition(away, "Ready")?.message).toContain("Region ke does not answer.");
    expect(leaving([{ ...emptyStack, stack: "missing", cluster: HOME }]).retain).toBe(false);
  });
});

function shardOf({ objects }: PartnerPlan): ConfigMap {
  const [planned] = objects;
  if (!planned) throw new Error("the plan must have a shard");
  return signedBy(signingKey, planned.object as ConfigMap);
}

function versionOf(made: PartnerPlan): number {
  return reader.shard(shardOf(made), "ke", ACME)?.version ?? 0;
}
