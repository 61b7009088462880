import { beforeAll, describe, expect, test } from "vitest";
import { type ApprovalSpec, REQUESTED_BY } from "../../crds/approval.ts";
import type { PartnerSpec } from "../../crds/partner.ts";
import { API_VERSION, type ApprovalObject, type PartnerObject } from "../../crds/resources.ts";
import { PAYLOAD_KEY, type Shard } from "../../crds/shard.ts";
import { conditionOf } from "../../kube/condition.ts";
import type { CertificateSigningRequest, ConfigMap } from "../../kube/resources.ts";
import { requestPem } from "../csr/testing/requests.ts";
import { testJwk, testPartner } from "../testing/partner.ts";
import { identityHash, identityOf } from "./identity.ts";
import type { PartnerPlan } from "./plan.ts";
import { after, type Enrolment, enrolment, LIFE, requestsOf, STACK } from "./testing/enrolment.ts";

const production = { groups: [{ ...STACK, production: true }] };
const now = LIFE.notBefore;

let bank: Enrolment;
let csr: string;
let issued: CertificateSigningRequest;
let acme: PartnerObject;

beforeAll(async () => {
  bank = await enrolment();
  csr = await requestPem();
  issued = await bank.issued(csr);
  acme = by("alice", testPartner(csr));
});

/** The Partner as somebody has changed it. */
function by(name: string, partner: PartnerObject, spec: Partial<PartnerSpec> = {}): PartnerObject {
  const metadata = { ...partner.metadata, uid: "uid-1", annotations: { [REQUESTED_BY]: name } };
  return { ...partner, metadata, spec: { ...partner.spec, ...spec } };
}

/** Bob's Approval of what the Partner is now. */
function approvalOf(partner: PartnerObject, spec: Partial<ApprovalSpec> = {}): ApprovalObject {
  return {
    apiVersion: API_VERSION,
    kind: "Approval",
    metadata: { name: "yes", creationTimestamp: "2026-11-22T17:00:00Z" },
    spec: {
      subject: { kind: "Partner", namespace: "partners", name: "acme", uid: "uid-1" },
      hash: identityHash(identityOf(partner.spec)),
      requestedBy: "alice",
      approver: "bob",
      reason: "as their ticket says",
      validForHours: 24,
      breakGlass: false,
      ...spec,
    },
  };
}

function plan(partner: PartnerObject, approvals: readonly ApprovalObject[] = [], at = now): PartnerPlan {
  return bank.plan(partner, { ...production, ...requestsOf(issued), approvals }, at);
}

function shardIn({ objects }: PartnerPlan): Shard | undefined {
  const payload = (objects[0]?.object as ConfigMap | undefined)?.data?.[PAYLOAD_KEY];
  return payload === undefined ? undefined : (JSON.parse(payload) as Shard);
}

const approved = ({ status }: PartnerPlan) => conditionOf(status.conditions, "Approved");

/** Acme with everything about it approved, and its certificate issued. */
const established = (): PartnerObject => after(acme, plan(acme, [approvalOf(acme)]));

describe("a production Partner", () => {
  test("is served nothing, and asks for no certificate, before a second person agrees", () => {
    const made = bank.plan(acme, production);
    expect(made.objects).toEqual([]);
    expect(made.actions).toEqual([]);
    expect(approved(made)).toMatchObject({ status: "False", reason: "ApprovalNeeded" });
    expect(made.status.summary).toBe("ApprovalNeeded");
  });

  test("says which one line a second person runs, and carries the Approval it creates", () => {
    const made = plan(acme);
    expect(approved(made)?.message).toBe(
      `The change of roles, redirectURIs, jwks, certificates by alice needs the Approval of a second person; nothing is served in production before. Any other person runs: kubectl get partner acme --namespace partners --output jsonpath='{.status.approval.pending.request}' | sed "s|APPROVER|$(kubectl auth whoami --output jsonpath='{.status.userInfo.username}')|; s|REASON|why it is right|" | kubectl create --filename -`,
    );
    const { spec } = JSON.parse(made.status.approval?.pending?.request ?? "") as ApprovalObject;
    const { validForHours: _validForHours, breakGlass: _breakGlass, ...written } = approvalOf(acme).spec;
    expect(spec).toEqual({ ...written, approver: "APPROVER", reason: "REASON" });
  });

  test("whose requester nobody knows says how to become that", () => {
    const nobody = { ...acme, metadata: { ...acme.metadata, annotations: {} } };
    const made = plan(nobody, [approvalOf(nobody)]);
    expect(approved(made)).toMatchObject({ status: "False", reason: "RequesterUnknown" });
    expect(approved(made)?.message).toContain("kubectl annotate partner acme --namespace partners");
    expect(made.objects).toEqual([]);
  });

  test("is served with the Approval, and remembers who gave it", () => {
    const made = plan(acme, [approvalOf(acme)]);
    expect(shardIn(made)).toMatchObject({ roles: ["AISP"], certificates: [{ name: "primary" }] });
    expect(approved(made)).toMatchObject({ status: "True", reason: "Approved" });
    expect(made.status.approval?.approved).toMatchObject({
      approval: "yes",
      approver: "bob",
      breakGlass: false,
    });
    expect(made.status.approval).not.toHaveProperty("pending");
  });

  test("stays approved when the Approval has expired or is gone", () => {
    const made = plan(established(), [], new Date("2027-01-01T00:00:00Z"));
    expect(shardIn(made)?.certificates).toHaveLength(1);
    expect(approved(made)?.status).toBe("True");
  });

  test.each([
    { field: "redirectURIs", change: { redirectURIs: ["https://evil.example/callback"] } },
    { field: "roles", change: { roles: ["AISP", "PISP"] } },
    { field: "jwks", change: { jwks: { keys: [testJwk("mallory")] } } },
    { field: "webhooks", change: { webhooks: [{ name: "ledger", url: "https://evil.example/events" }] } },
  ] satisfies readonly { readonly field: string; readonly change: Partial<PartnerSpec> }[])(
    "that gets other $field serves what was approved, until they are too",
    ({ field, change }) => {
      const before = established();
      const changed = by("mallory", before, change);
      const waiting = plan(changed);
      expect(waiting.status.approval?.pending).toMatchObject({ changes: [field], requestedBy: "mallory" });
      expect(shardIn(waiting)).toEqual(shardIn(plan(before)));
      expect(conditionOf(waiting.status.conditions, "Ready")?.reason).toBe("ApprovalNeeded");
      const agreed = plan(changed, [approvalOf(changed, { requestedBy: "mallory" })]);
      expect(shardIn(agreed)).not.toEqual(shardIn(waiting));
    },
  );

  test("takes in a limit or a name at once, also while an identity field waits", () => {
    const waiting = by("mallory", established(), { roles: ["PISP"], displayName: "Acme & Sons" });
    expect(shardIn(plan(waiting))).toMatchObject({ roles: ["AISP"], displayName: "Acme & Sons" });
  });

  test("asks for a new certificate only once its CSR is approved, and keeps the old one meanwhile", async () => {
    const next = await requestPem();
    const changed = by("alice", established(), { certificates: [{ name: "primary", csr: next }] });
    const waiting = plan(changed);
    expect(waiting.actions).toEqual([]);
    expect(shardIn(waiting)?.certificates).toEqual(shardIn(plan(established()))?.certificates);
    const agreed = plan(changed, [approvalOf(changed)]);
    expect(agreed.actions).toMatchObject([{ do: "requestCertificate", csr: next }]);
  });

  test("keeps a certificate that the spec has lost until that is approved as part of a larger change", async () => {
    const csrs = [{ name: "secondary", csr: await requestPem() }];
    const changed = by("mallory", established(), { certificates: csrs });
    expect(shardIn(plan(changed))?.certificates).toMatchObject([{ name: "primary" }]);
  });

  test("loses at once what a change only takes away, and gets it back only by an Approval", () => {
    const first = by("alice", established(), { roles: ["AISP", "PISP"] });
    const wide = after(first, plan(first, [approvalOf(first)]));
    const narrow = by("mallory", wide, { roles: ["AISP"] });
    const taken = plan(narrow);
    expect(shardIn(taken)?.roles).toEqual(["AISP"]);
    expect(approved(taken)?.status).toBe("True");
    const again = by("mallory", after(narrow, taken), { roles: ["AISP", "PISP"] });
    expect(shardIn(plan(again))?.roles).toEqual(["AISP"]);
  });
});

describe("a webhook of a production Partner", () => {
  const REVOKED = "urn:uk:org:openbanking:events:consent-authorization-revoked";
  const ledger = { name: "ledger", url: "https://acme.example/events" };
  const monitor = { name: "monitor", url: "https://monitor.example/" };
  const withBoth = (): PartnerObject => {
    const wanted = by("alice", acme, { webhooks: [monitor, ledger] });
    return after(wanted, plan(wanted, [approvalOf(wanted)]));
  };

  test("is in the shard once approved, in an order of its own", () => {
    expect(shardIn(plan(withBoth()))?.webhooks).toEqual([ledger, monitor]);
  });

  test("goes at once when it is taken out, or asked for less, and comes back only by an Approval", () => {
    const less = [{ ...ledger, events: [REVOKED as typeof REVOKED] }];
    const narrow = by("mallory", withBoth(), { webhooks: less });
    const taken = plan(narrow);
    expect(shardIn(taken)?.webhooks).toEqual(less);
    expect(approved(taken)?.status).toBe("True");
    const again = plan(by("mallory", after(narrow, taken), { webhooks: [ledger] }));
    expect(shardIn(again)?.webhooks).toEqual(less);
    expect(again.status.approval?.pending?.changes).toEqual(["webhooks"]);
    expect(shardIn(plan(by("mallory", withBoth(), { webhooks: [] })))).not.toHaveProperty("webhooks");
  });

  test("under another address waits, and the approved one is told meanwhile", () => {
    const moved = by("mallory", withBoth(), { webhooks: [{ ...ledger, url: "https://evil.example/" }] });
    expect(shardIn(plan(moved))?.webhooks).toEqual([ledger, monitor]);
  });

  test("that is none leaves an identity as it was approved before there were webhooks", () => {
    expect(identityHash(identityOf({ ...acme.spec, webhooks: [] }))).toBe(
      identityHash(identityOf(acme.spec)),
    );
    expect(identityOf(acme.spec)).not.toHaveProperty("webhooks");
  });
});

describe("SEC-37: an Approval counts for nothing", () => {
  test.each([
    { why: "of its own requester", spec: { approver: "alice" } },
    { why: "of a robot", spec: { approver: "system:serviceaccount:flux-system:flux" } },
    { why: "of another change", spec: { hash: "0".repeat(64) } },
    { why: "of another requester's change", spec: { requestedBy: "carol" } },
    {
      why: "of a Partner of the same name before",
      spec: { subject: { kind: "Partner", namespace: "partners", name: "acme", uid: "uid-0" } },
    },
    { why: "that has expired", spec: { validForHours: 1 } },
  ] satisfies readonly { readonly why: string; readonly spec: Partial<ApprovalSpec> }[])(
    "$why",
    ({ spec }) => {
      expect(plan(acme, [approvalOf(acme, spec)]).objects).toEqual([]);
    },
  );
});

describe("broken glass", () => {
  const alone = () =>
    approvalOf(acme, {
      approver: "alice",
      breakGlass: true,
      reason: "the only key has leaked, nobody answers",
    });

  test("lets one person act, and is shown until a second one has looked at it", () => {
    const broken = plan(acme, [alone()]);
    expect(shardIn(broken)).toBeDefined();
    const review = conditionOf(broken.status.conditions, "Reviewed");
    expect(review).toMatchObject({ status: "False", reason: "BreakGlass" });
    expect(review?.message).toContain("nobody answers");
    const later = after(acme, broken);
    expect(conditionOf(plan(later, [alone()]).status.conditions, "Reviewed")?.status).toBe("False");
    const seen = plan(later, [
      alone(),
      { ...approvalOf(acme), metadata: { ...approvalOf(acme).metadata, name: "seen" } },
    ]);
    expect(conditionOf(seen.status.conditions, "Reviewed")).toBeUndefined();
    expect(seen.status.approval?.approved).toMatchObject({ approval: "seen", breakGlass: false });
  });
});

test("a sandbox Partner waits for nobody", () => {
  const webhooks = [{ name: "ledger", url: "https://acme.example/events" }];
  const made = bank.plan({ ...acme, spec: { ...acme.spec, webhooks } }, requestsOf(issued));
  expect(shardIn(made)).toMatchObject({ roles: ["AISP"], webhooks });
  expect(approved(made)).toBeUndefined();
});
