import { beforeAll, describe, expect, test } from "vitest";
import type { PartnerSpec } from "../../crds/partner.ts";
import type { PartnerObject } from "../../crds/resources.ts";
import type { CertificateSigningRequest } from "../../kube/resources.ts";
import { requestPem } from "../csr/testing/requests.ts";
import { ACME, partnerSigningRequest } from "../csr/testing/signing-request.ts";
import { testPartner } from "../testing/partner.ts";
import type { PartnerPlan } from "./plan.ts";
import { after, type Enrolment, enrolment, LIFE, requestsOf, STACK } from "./testing/enrolment.ts";
import type { GroupWorld } from "./world.ts";

const day = (days: number): Date => new Date(LIFE.notBefore.getTime() + days * 86_400_000);
const own = (): Promise<string> => requestPem({ subject: `CN=${ACME}` });

let bank: Enrolment;
/** Served in two groups, with a certificate by the CSR of its spec. */
let acme: PartnerObject;
let first: string;
let second: string;
let signed: CertificateSigningRequest;

beforeAll(async () => {
  bank = await enrolment();
  const csr = await own();
  const partner = changed(testPartner(csr), { groups: ["eu", "ke"] });
  acme = after(partner, bank.plan(partner, requestsOf(await bank.issued(csr))));
  [first, second] = await Promise.all([own(), own()]);
  signed = await bank.issued(first, { notBefore: day(1), notAfter: day(91) });
});

const changed = (partner: PartnerObject, spec: Partial<PartnerSpec>): PartnerObject => ({
  ...partner,
  spec: { ...partner.spec, ...spec },
});

const held = (partner: PartnerObject) => partner.status?.certificates?.[0];

/** The stack of a group, in which somebody asked for a certificate over the one of that thumbprint. */
const asksIn = (name: string, csr: string, over = held(acme)?.thumbprint ?? ""): GroupWorld => ({
  ...STACK,
  name,
  enrolment: { csr, over },
});

const plan = (partner: PartnerObject, groups: readonly GroupWorld[], at: Date): PartnerPlan =>
  bank.plan(partner, { groups }, at);

describe("a region in other hands", () => {
  test("does not shut out the others, though it asks anew whenever it may", () => {
    const waits = asksIn("ke", first);
    const minute = (n: number) => new Date(day(1).getTime() + n * 60_000);
    const refused = after(acme, plan(acme, [asksIn("eu", "nonsense")], minute(0)));
    const { status } = plan(refused, [asksIn("eu", "other nonsense"), waits], minute(1));
    expect(status.enrolment).toMatchObject({ state: "Pending", group: "ke" });
  });

  test("takes away no certificate that the partner asked for elsewhere", () => {
    const asked = asksIn("ke", first);
    const waiting = after(acme, plan(acme, [asked], day(1)));
    const renewed = after(waiting, bank.plan(waiting, { groups: [asked], ...requestsOf(signed) }, day(1)));
    expect(held(renewed)?.previous?.thumbprint).toBe(held(acme)?.thumbprint);
    const { status } = plan(renewed, [asksIn("eu", second)], day(3));
    expect(status.enrolment).toMatchObject({
      state: "Refused",
      message: expect.stringContaining("ask in group ke"),
    });
    expect(held(after(renewed, plan(renewed, [asksIn("ke", second)], day(3))))).toEqual(held(renewed));
    expect(plan(renewed, [asksIn("ke", second)], day(3)).status.enrolment?.state).toBe("Pending");
  });

  test("cuts no overlap short: the certificate before the bank's newest keeps its week", () => {
    const certificates = acme.status?.certificates?.map((each) => ({
      ...each,
      previous: {
        csrHash: "a",
        serial: "b",
        thumbprint: "C".repeat(43),
        notAfter: day(20).toISOString(),
        retires: day(8).toISOString(),
      },
    }));
    const partner = { ...acme, status: { ...acme.status, certificates } } as PartnerObject;
    expect(plan(partner, [asksIn("eu", second)], day(3)).status.enrolment).toMatchObject({
      state: "Refused",
      message: expect.stringContaining(day(8).toISOString()),
    });
    expect(plan(partner, [asksIn("eu", second)], day(8)).status.enrolment?.state).toBe("Pending");
    // One that is revoked is of use to nobody.
    const revoked = changed(partner, { revokedThumbprints: ["C".repeat(43)] });
    expect(plan(revoked, [asksIn("eu", second)], day(3)).status.enrolment?.state).toBe("Pending");
  });
});

test.each([
  { why: "the partner may renew nothing itself any more", spec: { reenrolment: "Refused" } as const },
  { why: "the partner is suspended", spec: { suspended: true } },
  { why: "the partner is served there no more", spec: { groups: ["eu"] } },
])("what waits is refused and taken back once $why", ({ spec }) => {
  const asked = asksIn("ke", first);
  const waiting = after(acme, plan(acme, [asked], day(1)));
  const request = partnerSigningRequest(first);
  const barred = changed(waiting, spec);
  const made = bank.plan(barred, { groups: [asked], ...requestsOf(request) }, day(1));
  expect(made.status.enrolment?.state).toBe("Refused");
  expect(made.actions).toMatchObject([{ do: "withdrawRequest", request: request.metadata.name }]);
  const late = bank.plan(barred, { groups: [asked], ...requestsOf(signed) }, day(1));
  expect(late.status.certificates).toEqual(acme.status?.certificates);
});
