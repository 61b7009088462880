import { beforeAll, describe, expect, test } from "vitest";
import type { PartnerObject } from "../../crds/resources.ts";
import { PAYLOAD_KEY, type Shard } from "../../crds/shard.ts";
import { conditionOf } from "../../kube/condition.ts";
import type { CertificateSigningRequest, ConfigMap } from "../../kube/resources.ts";
import { requestPem } from "../csr/testing/requests.ts";
import { sha256Hex } from "../csr/names.ts";
import type { Server } from "../signed/server.ts";
import { testPartner } from "../testing/partner.ts";
import type { PartnerPlan } from "./plan.ts";
import { after, type Enrolment, enrolment, LIFE, requestsOf, STACK } from "./testing/enrolment.ts";
import type { GroupWorld, PartnerWorld } from "./world.ts";

const DAY = 86_400_000;
const day = (days: number): Date => new Date(LIFE.notBefore.getTime() + days * DAY);

let bank: Enrolment;
let first: PartnerObject;
let renewed: PartnerObject;
let successor: CertificateSigningRequest;

beforeAll(async () => {
  bank = await enrolment();
  const [old, next] = [await requestPem(), await requestPem()];
  const partner = testPartner(old);
  first = after(partner, bank.plan(partner, requestsOf(await bank.issued(old))));
  renewed = { ...first, spec: { ...first.spec, certificates: [{ name: "primary", csr: next }] } };
  successor = await bank.issued(next, { notBefore: day(30), notAfter: day(120) });
});

function shardIn({ objects }: PartnerPlan): Shard {
  const lies = objects[0]?.object as ConfigMap | undefined;
  return JSON.parse(lies?.data?.[PAYLOAD_KEY] ?? "") as Shard;
}

const thumbprints = (plan: PartnerPlan) => shardIn(plan).certificates.map(({ thumbprint }) => thumbprint);

/** The stack once every pod has taken in a plan's shard, or but one. */
function serving(made: PartnerPlan, behind = false): Partial<PartnerWorld> {
  const lies = made.objects[0]?.object as ConfigMap;
  const pod = (name: string, resourceVersion: string): Server => ({
    pod: name,
    service: "gateway",
    startedAt: LIFE.notBefore,
    resourceVersion,
    rosterVersion: 1,
    refused: new Map(),
    behaviour: new Map(),
  });
  const group: GroupWorld = {
    ...STACK,
    configMap: { ...lies, metadata: { ...lies.metadata, resourceVersion: "7" } },
    shard: shardIn(made),
    servers: [pod("gateway-1", "7"), pod("gateway-2", behind ? "6" : "7")],
  };
  return { groups: [group] };
}

describe("SEC-38: a renewed certificate", () => {
  const change = (at = day(31)): PartnerPlan => bank.plan(renewed, requestsOf(successor), at);

  test("is accepted beside the one before, which is named in status", () => {
    const made = change();
    const before = first.status?.certificates?.[0];
    expect(thumbprints(made)).toEqual([made.status.certificates?.[0]?.thumbprint, before?.thumbprint]);
    expect(made.status.certificates?.[0]?.previous).toEqual({
      csrHash: before?.csrHash,
      serial: before?.serial,
      thumbprint: before?.thumbprint,
      notAfter: LIFE.notAfter.toISOString(),
      pem: before?.pem,
    });
  });

  test("sends the one before away a week after every pod was seen to serve it, and not before", () => {
    const made = change();
    const waiting = bank.plan(after(renewed, made), serving(made, true), day(40));
    expect(waiting.status.certificates?.[0]?.previous).not.toHaveProperty("retires");
    const proven = bank.plan(after(renewed, made), serving(made), day(40));
    expect(proven.status.certificates?.[0]?.previous?.retires).toBe(day(47).toISOString());
    expect(proven.recheckAfter).toBe(7 * DAY);
    const still = bank.plan(after(renewed, proven), serving(made), day(46));
    expect(thumbprints(still)).toHaveLength(2);
    const gone = bank.plan(after(renewed, proven), serving(made), day(47));
    expect(thumbprints(gone)).toHaveLength(1);
    expect(gone.status.certificates?.[0]).not.toHaveProperty("previous");
  });

  test("may be asked for from a third of life on, which status says", () => {
    expect(conditionOf(bank.plan(first, {}, day(1)).status.conditions, "CertificateCurrent")).toMatchObject({
      status: "True",
      message: expect.stringContaining(`renewed from ${day(30).toISOString()} on`),
    });
  });

  test("needs a new key", async () => {
    const csr = first.spec.certificates[0]?.csr ?? "";
    const again = `${csr}\n`;
    const same = { ...first, spec: { ...first.spec, certificates: [{ name: "primary", csr: again }] } };
    expect(sha256Hex(again)).not.toBe(sha256Hex(csr));
    const made = bank.plan(same, {}, day(31));
    expect(made.actions).toEqual([]);
    expect(conditionOf(made.status.conditions, "Stalled")?.message).toContain("needs a new key pair");
    expect(thumbprints(made)).toHaveLength(1);
  });
});

describe("a signer that errs", () => {
  test("SEC-36: an expired certificate stalls, is not served as new, and asks for nothing again", async () => {
    const csr = await requestPem();
    const stale = await bank.issued(csr, { notBefore: day(-10), notAfter: day(-1) });
    const made = bank.plan(testPartner(csr), requestsOf(stale));
    expect(made.actions).toEqual([]);
    expect(conditionOf(made.status.conditions, "Stalled")?.reason).toBe("CertificateExpired");
  });

  test("a certificate of more than 90 days is not taken", async () => {
    const csr = await requestPem();
    const long = await bank.issued(csr, { notBefore: day(0), notAfter: day(365) });
    const made = bank.plan(testPartner(csr), requestsOf(long));
    expect(conditionOf(made.status.conditions, "Stalled")?.message).toContain(
      "valid for 365 days, and 90 are the most",
    );
    expect(thumbprints(made)).toEqual([]);
  });
});

describe("the end of a certificate", () => {
  test.each([
    { left: 31, want: { status: "True", reason: "Current" } },
    { left: 30, want: { status: "False", reason: "ExpiresWithin30Days" } },
    { left: 14, want: { status: "False", reason: "ExpiresWithin14Days" } },
    { left: 7, want: { status: "False", reason: "ExpiresWithin7Days" } },
    { left: 1, want: { status: "False", reason: "ExpiresWithin1Day" } },
    { left: 0, want: { status: "False", reason: "CertificateExpired" } },
  ])(
    "$left days away is announced as $want.reason, a Warning whenever the reason changes",
    ({ left, want }) => {
      const { status } = bank.plan(first, {}, day(90 - left));
      expect(conditionOf(status.conditions, "CertificateCurrent")).toMatchObject(want);
    },
  );
});

describe("a revoked certificate", () => {
  const thumbprint = () => first.status?.certificates?.[0]?.thumbprint ?? "";
  const revoking = (list: readonly string[], of = first): PartnerObject => ({
    ...of,
    spec: { ...of.spec, revokedThumbprints: [...list] },
  });

  test("stays revoked though the spec names it no more, until it would have expired", () => {
    const named = bank.plan(revoking([thumbprint()]), {}, day(1));
    expect(named.status.revoked).toMatchObject([{ thumbprint: thumbprint(), reason: "keyCompromise" }]);
    const unnamed = after(revoking([]), named);
    expect(bank.plan(unnamed, {}, day(2)).status.revoked).toEqual(named.status.revoked);
    expect(conditionOf(bank.plan(unnamed, {}, day(2)).status.conditions, "Stalled")?.reason).toBe(
      "CertificateRevoked",
    );
    expect(bank.plan(unnamed, {}, day(91)).status).not.toHaveProperty("revoked");
  });

  test("keeps its place among those that end in the same second: a second look changes nothing", () => {
    const ending = (name: string) => ({
      thumbprint: name.repeat(43),
      serial: name,
      notAfter: day(90).toISOString(),
      at: day(1).toISOString(),
      reason: "keyCompromise" as const,
    });
    const status = { ...first.status, revoked: ["A", "B", "C"].map(ending) } as PartnerObject["status"];
    const looked = after(first, bank.plan({ ...first, status }, {}, day(1)));
    expect(bank.plan(looked, {}, day(1)).status.revoked).toEqual(looked.status?.revoked);
  });

  test("is every one of a Partner that leaves", () => {
    const metadata = { ...first.metadata, deletionTimestamp: "2026-12-01T00:00:00Z" };
    const { status } = bank.plan({ ...first, metadata }, {}, day(1));
    expect(status.revoked).toMatchObject([{ thumbprint: thumbprint(), reason: "cessationOfOperation" }]);
  });
});
