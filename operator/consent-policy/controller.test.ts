import { expect, test } from "vitest";
import { testPolicy } from "../testing/group.ts";
import { testPartner } from "../testing/partner.ts";
import { consentPolicyWakes, planConsentPolicy } from "./controller.ts";
import { policyText } from "../signed/policy-text.ts";
import { HOME } from "../../kube/plan.ts";
import { partners } from "../../crds/resources.ts";

const kenya = testPolicy();

test("the text of a policy is canonical: the order in the file does not matter, and its hash says what it is", () => {
  const { text, hash } = policyText(kenya.spec);
  expect(text).toBe(
    '{"jurisdiction":"ke-cbk","maxDurationDays":365,"permissions":["ReadAccountsBasic","ReadBalances"],' +
      '"reauthenticationDays":180,"sca":{"methods":["otp"]},"transactionHistoryDays":90,"unattendedCallsPerDay":4}',
  );
  const permissions = kenya.spec.permissions.toReversed();
  expect(policyText({ ...kenya.spec, permissions }).hash).toBe(hash);
  expect(policyText({ ...kenya.spec, maxDurationDays: 30 }).hash).not.toBe(hash);
});

test.each([
  { partners: 0, want: "NoPartners" },
  { partners: 2, want: "InUse" },
])("a policy of $partners partners is ready, as $want", ({ partners: count, want }) => {
  const { status, objects } = planConsentPolicy(kenya, { partners: count });
  expect(objects).toEqual([]);
  expect(status).toMatchObject({
    partners: count,
    conditions: [{ type: "Ready", status: "True", reason: want }],
  });
});

test("a Partner that changes its policy wakes the old and the new one, one that does not wakes none", () => {
  const [before, object] = [testPartner(""), testPartner("", { consentPolicyRef: { name: "europe" } })];
  const event = { cluster: HOME, resource: partners as never };
  const changed = { type: "updated", object, previous: before, initial: false } as const;
  const named = (name: string) => ({ namespace: "partners", name });
  expect(consentPolicyWakes({ ...event, change: changed })).toEqual([named("europe"), named("kenya")]);
  expect(consentPolicyWakes({ ...event, change: { ...changed, object: before } })).toEqual([]);
});
