import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { REQUESTED_BY } from "../../crds/approval.ts";
import {
  type ApprovalObject,
  API_VERSION,
  approvals,
  type PartnerObject,
  partners,
} from "../../crds/resources.ts";
import { secondPerson } from "../../deploy/second-person.ts";
import type { Client } from "../../kube/client.ts";
import type { KubeObject } from "../../kube/object.ts";
import { resourceTable } from "../../kube/resources.ts";
import { until } from "../../local/wait.ts";
import { requestPem } from "../csr/testing/requests.ts";
import { type Hub, startHub } from "../testing/hub.ts";
import { testPartner } from "../testing/partner.ts";

const rules = [{ apiGroups: ["openbanking.wekeza.io"], resources: ["*"], verbs: ["*"] }];
const acme = { namespace: "partners", name: "acme" };

let hub: Hub;
let alice: Client;
let bob: Client;

beforeAll(async () => {
  hub = await startHub();
  await hub.namespace("partners");
  const table = resourceTable();
  for (const object of secondPerson())
    await hub.admin.apply(table.of(object as KubeObject), object as KubeObject, { fieldManager: "test" });
  alice = await hub.clientOf("alice", rules);
  bob = await hub.clientOf("bob", rules);
  // Policies take effect when the API server has noticed them.
  const probe = withApprover(approval({}), "somebody else");
  await until(
    () => refusalOf(bob.create(approvals, probe)).then((text) => text.includes("wekeza-approver")),
    {
      timeout: 30_000,
      what: "the policies to be in force",
    },
  );
});

afterAll(() => hub.stop());

function approval(spec: Partial<ApprovalObject["spec"]>): ApprovalObject {
  return {
    apiVersion: API_VERSION,
    kind: "Approval",
    metadata: { generateName: "acme-" } as never,
    spec: {
      subject: { kind: "Partner", ...acme, uid: "1" },
      hash: "0".repeat(64),
      requestedBy: "alice",
      approver: "bob",
      reason: "The partner rotates its keys.",
      validForHours: 24,
      breakGlass: false,
      ...spec,
    },
  };
}

function withApprover(object: ApprovalObject, approver: string): ApprovalObject {
  return { ...object, spec: { ...object.spec, approver } };
}

const refusalOf = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => "taken",
    (error: unknown) => String(error),
  );

describe("SEC-37: an Approval", () => {
  test("is taken from a second person under the own name, and never changes", async () => {
    const { metadata } = await bob.create(approvals, approval({}));
    const change = bob.patch(
      approvals,
      { name: metadata.name },
      { merge: { spec: { hash: "1".repeat(64) } } },
    );
    expect(await refusalOf(change)).toContain("is never changed itself; delete it and create another.");
  });

  test.each([
    {
      why: "another's name",
      spec: { approver: "carol" },
      want: "and you are bob: approve under your own name.",
    },
    { why: "the requester", spec: { requestedBy: "bob" }, want: "ask a second person" },
    {
      why: "one person in an emergency without a good reason",
      spec: { requestedBy: "bob", breakGlass: true, reason: "because I can" },
      want: "what cannot wait for a second person",
    },
  ])("is refused from $why", async ({ spec, want }) => {
    expect(await refusalOf(bob.create(approvals, approval(spec)))).toContain(want);
  });

  test("is refused from a robot, whatever name it gives", async () => {
    const user = "system:serviceaccount:wekeza-system:wekeza-operator";
    const groups = ["system:serviceaccounts", "system:serviceaccounts:wekeza-system"];
    const robot = await hub.clientOf(user, rules, groups);
    expect(await refusalOf(robot.create(approvals, withApprover(approval({}), user)))).toContain(
      "approver must be a person",
    );
    expect(await refusalOf(robot.create(approvals, approval({})))).toContain("approve under your own name.");
  });
});

describe("the name of who changed a Partner's identity fields", () => {
  const annotated = (partner: PartnerObject, name: string): PartnerObject => ({
    ...partner,
    metadata: { ...partner.metadata, annotations: { [REQUESTED_BY]: name } },
  });
  const changed = (roles: readonly string[], name?: string | null) =>
    ({ merge: { metadata: { annotations: { [REQUESTED_BY]: name } }, spec: { roles } } }) as never;

  test("is one's own or none, stays with the change, and may be claimed later", async () => {
    const partner = testPartner(await requestPem());
    expect(await refusalOf(alice.create(partners, annotated(partner, "bob")))).toContain("and you are alice");
    await alice.create(partners, annotated(partner, "alice"));
    // Somebody else's change of another field leaves the name in place.
    await bob.patch(partners, acme, { merge: { spec: { displayName: "Acme & Sons" } } });
    expect(await refusalOf(bob.patch(partners, acme, changed(["AISP", "PISP"])))).toContain(
      "and you are bob",
    );
    expect(await refusalOf(bob.patch(partners, acme, changed(["AISP", "PISP"], "alice")))).toContain(
      "and you are bob",
    );
    const webhooks = [{ name: "ledger", url: "https://bob.example/events" }];
    expect(await refusalOf(bob.patch(partners, acme, { merge: { spec: { webhooks } } }))).toContain(
      "and you are bob",
    );
    // Without a name the change is nobody's, until somebody stands for it.
    await bob.patch(partners, acme, changed(["AISP", "PISP"], null));
    expect(await refusalOf(bob.patch(partners, acme, changed(["AISP", "PISP"], "alice")))).toContain(
      "and you are bob",
    );
    const claimed = await bob.patch(partners, acme, changed(["AISP", "PISP"], "bob"));
    expect(claimed.metadata.annotations).toEqual({ [REQUESTED_BY]: "bob" });
  });
});
