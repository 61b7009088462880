import { X509Certificate } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { PartnerSpec } from "../../crds/partner.ts";
import type { PartnerObject } from "../../crds/resources.ts";
import { PAYLOAD_KEY, type Shard } from "../../crds/shard.ts";
import { conditionOf } from "../../kube/condition.ts";
import type { CertificateSigningRequest, ConfigMap } from "../../kube/resources.ts";
import { withCondition } from "../csr/condition.ts";
import { clientIdOf, sha256Hex } from "../csr/names.ts";
import { certificatesFromPem } from "../csr/pem.ts";
import { requestPem } from "../csr/testing/requests.ts";
import { ACME, partnerSigningRequest, ZONE } from "../csr/testing/signing-request.ts";
import { testPartner } from "../testing/partner.ts";
import type { PartnerPlan } from "./plan.ts";
import { after, type Enrolment, enrolment, LIFE, requestsOf, STACK } from "./testing/enrolment.ts";
import type { GroupWorld, PartnerWorld } from "./world.ts";

const DAY = 86_400_000;
const day = (days: number): Date => new Date(LIFE.notBefore.getTime() + days * DAY);
const life = (from: number) => ({ notBefore: day(from), notAfter: day(from + 90) });
const own = (): Promise<string> => requestPem({ subject: `CN=${ACME}` });

let bank: Enrolment;
/** Live by the CSR of its spec. */
let acme: PartnerObject;
let csrs: readonly string[];
let signed: readonly CertificateSigningRequest[];

beforeAll(async () => {
  bank = await enrolment();
  const csr = await own();
  const partner = testPartner(csr);
  acme = after(partner, bank.plan(partner, requestsOf(await bank.issued(csr))));
  csrs = await Promise.all([own(), own(), own()]);
  signed = await Promise.all(csrs.map((each, n) => bank.issued(each, life(20 * (n + 1)))));
});

const thumbprint = (partner: PartnerObject): string => partner.status?.certificates?.[0]?.thumbprint ?? "";

/** What a gateway of a group says that the partner asked for. */
function asks(csr: string, over: string, group = "ke"): Partial<PartnerWorld> {
  return { groups: [{ ...STACK, name: group, namespace: `stack-${group}`, enrolment: { csr, over } }] };
}

const plan = (partner: PartnerObject, world: Partial<PartnerWorld>, at = 1): PartnerPlan =>
  bank.plan(partner, world, day(at));

function shardIn({ objects }: PartnerPlan): Shard {
  const lies = objects[0]?.object as ConfigMap | undefined;
  return JSON.parse(lies?.data?.[PAYLOAD_KEY] ?? "") as Shard;
}

/** Acme after it renewed its certificate itself, on the first day, with the first CSR. */
function renewed(of = acme): { readonly partner: PartnerObject; readonly made: PartnerPlan } {
  const asked = asks(csrs[0] ?? "", thumbprint(of));
  const waiting = after(of, plan(of, asked));
  const made = plan(waiting, { ...asked, ...requestsOf(...signed.slice(0, 1)) });
  return { partner: after(of, made), made };
}

const changed = (partner: PartnerObject, spec: Partial<PartnerSpec>): PartnerObject => ({
  ...partner,
  spec: { ...partner.spec, ...spec },
});

describe("a certificate that the partner asks for itself", () => {
  test("is requested, and takes nothing from the Partner while it waits", () => {
    const made = plan(acme, asks(csrs[0] ?? "", thumbprint(acme)));
    const { name } = partnerSigningRequest(csrs[0] ?? "").metadata;
    expect(made.actions).toEqual([
      { do: "requestCertificate", certificate: "primary", request: name, clientId: ACME, csr: csrs[0] },
    ]);
    expect(shardIn(made)).toMatchObject({
      enrolment: { state: "Pending" },
      certificates: [{ name: "primary" }],
    });
    expect(conditionOf(made.status.conditions, "CertificateIssued")?.status).toBe("True");
    expect(conditionOf(made.status.conditions, "Stalled")).toBeUndefined();
    const waiting = after(acme, made);
    const person = plan(waiting, requestsOf(partnerSigningRequest(csrs[0] ?? "")));
    expect(conditionOf(person.status.conditions, "Reenrolled")).toMatchObject({
      status: "False",
      reason: "AwaitingApproval",
      message: expect.stringContaining(`kubectl certificate approve ${name}`),
    });
  });

  test("is served beside the one it was asked over, and given to the partner", () => {
    const { made } = renewed();
    const [certificate] = made.status.certificates ?? [];
    expect(certificate).toMatchObject({
      enrolled: { lineage: [thumbprint(acme)], group: "ke" },
      previous: { thumbprint: thumbprint(acme) },
    });
    expect(shardIn(made).certificates.map((each) => each.thumbprint)).toEqual([
      certificate?.thumbprint,
      thumbprint(acme),
    ]);
    const given = new X509Certificate(certificatesFromPem(shardIn(made).enrolment?.pem ?? "")[0] ?? "");
    expect(given.subject).toBe(`CN=${ACME}`);
    expect(made.status.enrolment).not.toHaveProperty("csr");
    expect(conditionOf(made.status.conditions, "Reenrolled")).toMatchObject({ status: "True" });
  });

  test("stands for the CSR of the spec from then on: a second pass changes nothing, and asks for nothing", () => {
    const { partner, made } = renewed();
    const lies = made.objects[0]?.object as ConfigMap;
    const group: GroupWorld = { ...STACK, configMap: lies, shard: shardIn(made) };
    const again = plan(partner, { groups: [group] });
    expect(again.actions).toEqual([]);
    expect(again.status.certificates).toEqual(made.status.certificates);
    expect(again.status.enrolment).toEqual(made.status.enrolment);
    expect(shardIn(again)).toEqual(shardIn(made));
  });

  test("gives way to a new CSR in the resource, and stays accepted beside it", async () => {
    const { partner } = renewed();
    const csr = await own();
    const wanted = changed(partner, { certificates: [{ name: "primary", csr }] });
    const made = plan(wanted, requestsOf(await bank.issued(csr, life(5))), 5);
    expect(made.status.certificates?.[0]).not.toHaveProperty("enrolled");
    expect(made.status.certificates?.[0]?.previous?.thumbprint).toBe(thumbprint(partner));
    expect(shardIn(made).certificates).toHaveLength(2);
    expect(shardIn(made).enrolment).toBeUndefined();
  });

  test("needs no Approval in production: it stands for the CSR that was approved", () => {
    const { identity } = approvedIdentity();
    const evidence = { hash: "x", approval: "yes", approver: "bob", requestedBy: "alice" };
    const approved = { ...evidence, at: day(0).toISOString(), breakGlass: false, reason: "ticket", identity };
    const known = { ...acme, status: { ...acme.status, approval: { approved } } } as PartnerObject;
    const guarded = (world: Partial<PartnerWorld>): Partial<PartnerWorld> => ({
      ...world,
      groups: (world.groups ?? [STACK]).map((group) => ({ ...group, production: true })),
    });
    const asked = guarded(asks(csrs[0] ?? "", thumbprint(acme)));
    const waiting = after(known, plan(known, asked));
    const made = plan(waiting, { ...asked, ...requestsOf(...signed.slice(0, 1)) });
    expect(shardIn(made).certificates).toHaveLength(2);
  });

  test("that the bank denies is refused with its words, and the Partner stays as it was", () => {
    const asked = asks(csrs[0] ?? "", thumbprint(acme));
    const waiting = after(acme, plan(acme, asked));
    const no = { type: "Denied", reason: "Person", message: "not by telephone" } as const;
    const denied = withCondition(partnerSigningRequest(csrs[0] ?? ""), no);
    const made = plan(waiting, { ...asked, ...requestsOf(denied) });
    expect(shardIn(made).enrolment).toMatchObject({
      state: "Refused",
      message: expect.stringContaining("not by telephone"),
    });
    expect(made.status.certificates).toEqual(acme.status?.certificates);
    expect(plan(after(acme, made), asked).actions).toEqual([]);
  });
});

/** Acme's identity fields as its shard has them. */
function approvedIdentity() {
  const { roles, redirectUris: redirectURIs, jwks } = shardIn(plan(acme, {}));
  const certificates = acme.status?.certificates?.map(({ name, csrHash }) => ({ name, csrHash }));
  return { identity: { roles, redirectURIs, jwks, certificates } };
}

describe("what is refused, with a sentence for the partner", () => {
  const refusal = (partner: PartnerObject, csr: string, over = thumbprint(partner), at = 1) => {
    const made = plan(partner, asks(csr, over), at);
    expect(made.actions).toEqual([]);
    return made.status.enrolment?.message;
  };

  test("a partner that may not, or is suspended", () => {
    expect(refusal(changed(acme, { suspended: true }), csrs[0] ?? "")).toMatch(/suspended/);
    expect(refusal(changed(acme, { reenrolment: "Refused" }), csrs[0] ?? "")).toMatch(
      /send the CSR to the bank/,
    );
  });

  test("a certificate that is none of its live ones, or is revoked", () => {
    expect(refusal(acme, csrs[0] ?? "", "A".repeat(43))).toMatch(/not live/);
    expect(refusal(changed(acme, { revokedThumbprints: [thumbprint(acme)] }), csrs[0] ?? "")).toMatch(
      /not live/,
    );
    expect(refusal(acme, csrs[0] ?? "", thumbprint(acme), 90)).toMatch(
      /cannot be renewed this way now \(CertificateExpired\)/,
    );
  });

  test("a key that was used before", () => {
    expect(refusal(acme, acme.spec.certificates[0]?.csr ?? "")).toMatch(/make a new key pair/);
    const { partner } = renewed();
    expect(refusal(partner, `${csrs[0]}\n`, thumbprint(partner), 60)).toMatch(/make a new key pair/);
  });

  test("another subject, another name, a weak key", async () => {
    expect(refusal(acme, await requestPem({ subject: "CN=beta" }))).toMatch(`it must be ${ACME}`);
    const beta = `${clientIdOf("partners", "beta")}.${ZONE}`;
    const names = [{ type: "dns" as const, value: beta }];
    expect(refusal(acme, await requestPem({ subject: `CN=${ACME}`, names }))).toMatch(/not its own/);
    expect(refusal(acme, await requestPem({ subject: `CN=${ACME}`, key: "rsa1024" }))).toMatch(/1024 bits/);
  });

  test("text that is no request", () => {
    expect(refusal(acme, "hello")).toMatch(/exactly one PEM block/);
  });

  test("a certificate that it renewed itself, before a third of its life", () => {
    const { partner } = renewed();
    const [, next = ""] = csrs;
    expect(refusal(partner, next, thumbprint(partner), 40)).toMatch(/from 2027-01-11T18:00:00.000Z on/);
    expect(plan(partner, asks(next, thumbprint(partner)), 60).status.enrolment?.state).not.toBe("Refused");
  });

  test("the certificate before that, within a day, whose owner may have lost the new key", () => {
    const { partner } = renewed();
    const [, next = ""] = csrs;
    expect(refusal(partner, next, thumbprint(acme), 1.5)).toMatch(/if its key is lost/);
    const asked = asks(next, thumbprint(acme));
    const waiting = after(partner, plan(partner, asked, 3));
    const made = plan(waiting, { ...asked, ...requestsOf(...signed.slice(1, 2)) }, 3);
    expect(made.status.certificates?.[0]?.previous?.thumbprint).toBe(thumbprint(acme));
    // Nobody says where the lost key is.
    expect(made.status.revoked?.map((each) => each.thumbprint)).toEqual([thumbprint(partner)]);
  });

  test("the certificate before that, once so many keys were lost that the list of the revoked fills up", () => {
    const { partner } = renewed();
    const lost = Array.from({ length: 48 }, (_, n) => ({
      thumbprint: String(n).padStart(43, "A"),
      serial: String(n),
      notAfter: day(90).toISOString(),
      at: day(1).toISOString(),
      reason: "keyCompromise" as const,
    }));
    const before = (revoked: typeof lost) => ({ ...partner, status: { ...partner.status, revoked } });
    const world = asks(csrs[1] ?? "", thumbprint(acme));
    const verdict = (revoked: typeof lost) =>
      plan(before(revoked) as PartnerObject, world, 3).status.enrolment;
    expect(verdict(lost.slice(1))?.state).toBe("Pending");
    expect(verdict(lost)).toMatchObject({ state: "Refused", message: expect.stringContaining("48") });
  });
});

test("REL-22 a region that asks all the time is heard once a minute, and one that waits is not lost", () => {
  const [first = "", second = ""] = csrs;
  const refused = after(acme, plan(acme, asks("hello", thumbprint(acme))));
  const soon = new Date(day(1).getTime() + 20_000);
  const early = bank.plan(refused, asks(first, thumbprint(acme)), soon);
  expect(early.status.enrolment?.state).toBe("Refused");
  expect(early.recheckAfter).toBeLessThanOrEqual(40_000);
  const later = new Date(day(1).getTime() + 60_000);
  const taken = after(refused, bank.plan(refused, asks(first, thumbprint(acme)), later));
  expect(taken.status?.enrolment?.state).toBe("Pending");
  // While it waits for a person, another one waits too; after a day it makes room.
  expect(plan(taken, asks(second, thumbprint(acme)), 1.5).status.enrolment).toEqual(taken.status?.enrolment);
  expect(plan(taken, asks(second, thumbprint(acme)), 2.5).status.enrolment?.state).toBe("Pending");
});

/** Acme in two groups. */
const served = (): PartnerObject => changed(acme, { groups: ["ke", "eu"] });

describe("a request that lies in one group while one of another group is taken", () => {
  const groups = (...lying: readonly (readonly [group: string, csr: string])[]): Partial<PartnerWorld> => ({
    groups: lying.map(([name, csr]) => ({
      ...STACK,
      name,
      namespace: `stack-${name}`,
      enrolment: { csr, over: thumbprint(acme) },
    })),
  });
  const answers = ({ objects }: PartnerPlan): unknown =>
    objects.map(
      ({ object }) => (JSON.parse((object as ConfigMap).data?.[PAYLOAD_KEY] ?? "") as Shard).enrolment,
    );

  test("is not waited for for ever: its group says that the other took its place", () => {
    const both = groups(["ke", "hello"], ["eu", csrs[1] ?? ""]);
    const first = after(served(), plan(served(), both, 1));
    expect(first.status?.enrolment).toMatchObject({ group: "ke", state: "Refused" });
    const made = plan(first, both, 2);
    expect(made.status.enrolment).toMatchObject({ group: "eu", state: "Pending" });
    const pending = { csrHash: sha256Hex(csrs[1] ?? ""), state: "Pending" };
    const over = { csrHash: sha256Hex("hello"), state: "Refused", message: expect.stringContaining("later") };
    expect(answers(made)).toEqual([over, pending]);
    expect(answers(plan(after(first, made), both, 2))).toEqual(answers(made));
  });

  test("is answered with its certificate as long as that is the Partner's", () => {
    const { partner } = renewed(served());
    const both = groups(["ke", csrs[0] ?? ""], ["eu", "hello"]);
    const made = plan(partner, both, 2);
    expect(made.status.enrolment).toMatchObject({ group: "eu", state: "Refused" });
    expect(answers(made)).toMatchObject([
      { csrHash: sha256Hex(csrs[0] ?? ""), state: "Issued", pem: expect.stringContaining("CERTIFICATE") },
      { csrHash: sha256Hex("hello"), state: "Refused" },
    ]);
  });
});

test("SEC-35: whatever revokes a certificate revokes those that were asked for over it", () => {
  const { partner } = renewed();
  const made = plan(changed(partner, { revokedThumbprints: [thumbprint(acme)] }), {}, 2);
  expect(made.status.revoked?.map((each) => each.thumbprint).toSorted()).toEqual(
    [thumbprint(acme), thumbprint(partner)].toSorted(),
  );
  expect(conditionOf(made.status.conditions, "Stalled")?.reason).toBe("CertificateRevoked");
});

test("whatever is asked, where, when and over what: two certificates at most, and a second look changes nothing", () => {
  const step = fc.record({
    csr: fc.nat(3),
    over: fc.constantFrom("current", "previous", "other"),
    group: fc.constantFrom("ke", "eu"),
    hours: fc.constantFrom(0, 1, 25, 24 * 8, 24 * 31),
    served: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
      let partner = changed(acme, { groups: ["ke", "eu"] });
      let at = day(1);
      for (const { csr, over, group, hours, served } of steps) {
        at = new Date(at.getTime() + hours * 3_600_000);
        const [held] = partner.status?.certificates ?? [];
        const overs = { current: held?.thumbprint, previous: held?.previous?.thumbprint, other: undefined };
        const enrolment = { csr: csrs[csr] ?? "none", over: overs[over] ?? "B".repeat(43) };
        const groups = ["ke", "eu"].map((name): GroupWorld => ({
          ...STACK,
          name,
          stack: served ? "there" : "away",
          ...(name === group ? { enrolment } : {}),
        }));
        const world = { groups, ...requestsOf(...signed) };
        const made = bank.plan(partner, world, at);
        partner = after(partner, made);
        const again = bank.plan(partner, world, at);
        expect(again.status.certificates).toEqual(made.status.certificates);
        expect(again.status.enrolment?.asked).toEqual(made.status.enrolment?.asked);
        const shard = made.objects.length > 0 ? shardIn(made) : undefined;
        expect(shard?.certificates.length ?? 0).toBeLessThanOrEqual(2);
        const [now] = made.status.certificates ?? [];
        const replaced = now?.thumbprint !== held?.thumbprint;
        expect(replaced ? now?.previous?.thumbprint : enrolment.over).toBe(enrolment.over);
      }
    }),
    { numRuns: 40 },
  );
});
