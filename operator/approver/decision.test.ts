import { expect, test } from "vitest";
import type { CertificateSigningRequest } from "../../kube/resources.ts";
import { withCondition } from "../csr/condition.ts";
import { partnerRequestOf } from "../csr/partner-request.ts";
import { requestPem } from "../csr/testing/requests.ts";
import { OPERATOR, partnerSigningRequest, ZONE } from "../csr/testing/signing-request.ts";
import { testPartner } from "../testing/partner.ts";
import { type ApproverWorld, decideApproval } from "./decision.ts";

const settings = { zone: ZONE, requester: OPERATOR };

const acmeWith = (csr: string) => testPartner(csr);

function decide(csr: CertificateSigningRequest, world: Partial<ApproverWorld>) {
  const request = partnerRequestOf(csr);
  return decideApproval(csr, { request, partner: undefined, automatic: true, ...world }, settings);
}

test("a good request of a Partner in a labelled namespace is approved, once", async () => {
  const pem = await requestPem();
  const csr = partnerSigningRequest(pem);
  const approval = decide(csr, { partner: acmeWith(pem) });
  expect(approval).toMatchObject({ type: "Approved", reason: "PolicyPassed" });
  const approved = withCondition(csr, { type: "Approved", reason: "PolicyPassed", message: "" });
  expect(decide(approved, { partner: acmeWith(pem) })).toBeUndefined();
});

test("without the label, the Partner, or the CSR in the Partner's spec, a request waits", async () => {
  const pem = await requestPem();
  const csr = partnerSigningRequest(pem);
  const partner = acmeWith(pem);
  const leaving = {
    ...partner,
    metadata: { ...partner.metadata, deletionTimestamp: "2026-11-22T18:00:00Z" },
  };
  const waiting = [
    decide(csr, { partner, automatic: false }),
    decide(csr, {}),
    decide(csr, { partner: acmeWith(await requestPem()) }),
    decide(csr, { partner: leaving }),
  ];
  expect(waiting).toEqual([undefined, undefined, undefined, undefined]);
});

test("a CSR that the partner asked for itself is approved while status says so, unless the spec refuses it", async () => {
  const pem = await requestPem();
  const csr = partnerSigningRequest(pem);
  const waits = { csrHash: "", at: "", group: "ke", over: "", certificate: "primary", asked: [] };
  const asking = (state: "Pending" | "Refused", reenrolment?: "Refused") => {
    const partner = acmeWith("another");
    const spec = { ...partner.spec, ...(reenrolment ? { reenrolment } : {}) };
    return { ...partner, spec, status: { enrolment: { ...waits, state, csr: pem } } };
  };
  expect(decide(csr, { partner: asking("Pending") })).toMatchObject({ type: "Approved" });
  expect(decide(csr, { partner: asking("Pending"), automatic: false })).toBeUndefined();
  expect(decide(csr, { partner: asking("Refused") })).toBeUndefined();
  expect(decide(csr, { partner: asking("Pending", "Refused") })).toBeUndefined();
});

test("a request that breaks the policy is denied everywhere, with the attribute named", async () => {
  const pem = await requestPem({ names: [{ type: "ip", value: "10.0.0.1" }] });
  const denial = decide(partnerSigningRequest(pem), { partner: acmeWith(pem), automatic: false });
  expect(denial).toMatchObject({ type: "Denied", message: expect.stringMatching(/^subjectAltName: .*IP/) });
});

test("nobody but the operator gets an approval", async () => {
  const pem = await requestPem();
  const csr = partnerSigningRequest(pem);
  const stolen = {
    ...csr,
    spec: { ...csr.spec, username: "system:serviceaccount:wekeza-approver:approver" },
  };
  expect(decide(stolen, { partner: acmeWith(pem) })).toMatchObject({ type: "Denied" });
});
