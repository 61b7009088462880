import { expect, test } from "vitest";
import type { ConsentPolicyObject } from "../../crds/resources.ts";
import { conditionOf } from "../../kube/condition.ts";
import type { DrivenStatus } from "../../kube/plan.ts";
import { policyText } from "../signed/policy-text.ts";
import { testPolicy } from "../testing/group.ts";
import { consentPolicyEvents } from "./events.ts";
import type { ConsentPolicyWorld } from "./observe.ts";
import { planConsentPolicy } from "./plan.ts";

const now = new Date("2026-11-22T18:00:00Z");
const kenya = testPolicy();
const { text, hash } = policyText(kenya.spec);
const stricter = { ...kenya, spec: { ...kenya.spec, maxDurationDays: 30 } };
const { hash: newHash } = policyText(stricter.spec);
/** The policy with a text that its status does not tell of yet. */
const changed: ConsentPolicyObject = { ...stricter, status: { hash } };
const annotated = (annotations: Readonly<Record<string, string>>): ConsentPolicyObject => ({
  ...changed,
  metadata: { ...changed.metadata, annotations },
});
const planOnly = annotated({ "openbanking.wekeza.io/plan": "only" });

const said = (world: Partial<ConsentPolicyWorld>): ConsentPolicyWorld => ({
  partners: 2,
  texts: [],
  unknown: [],
  known: true,
  ...world,
});
const given = said({
  texts: [
    { hash, count: 12 },
    { hash: newHash, count: 1 },
  ],
});
const statusOf = (policy: ConsentPolicyObject, world: ConsentPolicyWorld) =>
  planConsentPolicy(policy, world, now).status;

test("the text of a policy is canonical: the order in the file does not matter, and its hash says what it is", () => {
  expect(text).toBe(
    '{"jurisdiction":"ke-cbk","maxDurationDays":365,"permissions":["ReadAccountsBasic","ReadBalances"],' +
      '"reauthenticationDays":180,"sca":{"methods":["otp"]},"transactionHistoryDays":90,"unattendedCallsPerDay":4}',
  );
  const permissions = kenya.spec.permissions.toReversed();
  expect(policyText({ ...kenya.spec, permissions }).hash).toBe(hash);
  expect(newHash).not.toBe(hash);
});

test.each([
  { partners: 0, want: "NoPartners" },
  { partners: 2, want: "InUse" },
])("a policy of $partners partners is ready, as $want", ({ partners, want }) => {
  const { status, objects } = planConsentPolicy(kenya, said({ partners }), now);
  expect(objects).toEqual([]);
  expect(status).toMatchObject({
    partners,
    conditions: [{ type: "Ready", status: "True", reason: want }],
  });
});

test("a changed text is told of together with the live consents that keep a former one", () => {
  const status = statusOf(changed, given);
  expect(status).toMatchObject({ hash: newHash, liveConsents: 13, formerConsents: 12 });
  expect(conditionOf(status.conditions as never, "FormerTexts")).toMatchObject({
    status: "True",
    message: expect.stringMatching(/^12 of 13 live consents were given under a text other than/),
  });
});

test.each([
  { why: "plan: only", policy: planOnly, reason: "PlanOnly" },
  {
    why: "a pause",
    policy: annotated({ "openbanking.wekeza.io/pausedUntil": "2026-11-22T19:00:00Z" }),
    reason: "Paused",
  },
])("$why holds a changed text back, and says the same numbers", ({ policy, reason }) => {
  const status = statusOf(policy, given);
  expect(status).toMatchObject({ hash, liveConsents: 13, formerConsents: 12 });
  expect(conditionOf(status.conditions as never, "TextHeld")).toMatchObject({ status: "True", reason });
});

test("plan: only on a text that is out holds nothing back", () => {
  const out = { ...planOnly, status: { hash: newHash } };
  expect(statusOf(out, given)).toMatchObject({ hash: newHash });
  expect(conditionOf(statusOf(out, given).conditions as never, "TextHeld")).toBeUndefined();
});

test("regions that say nothing are named, and no number stands for them", () => {
  const silent = statusOf(changed, said({ known: false, unknown: ["eu", "ke"] }));
  expect(silent).not.toHaveProperty("liveConsents");
  expect(conditionOf(silent.conditions as never, "FormerTexts")).toMatchObject({
    status: "Unknown",
    reason: "RegionsSilent",
    message: expect.stringContaining("eu, ke"),
  });
  const some = statusOf(changed, { ...given, unknown: ["eu"] });
  expect(conditionOf(some.conditions as never, "FormerTexts")).toMatchObject({
    status: "True",
    message: expect.stringMatching(/^12 of 13 .* Not counted, as nothing says: consents in eu\.$/),
  });
});

test("one Event tells of a changed text, with the number, and none of a new count", () => {
  const before: DrivenStatus = { ...changed.status } as never;
  const after = (policy: ConsentPolicyObject, world: ConsentPolicyWorld) =>
    ({ ...policy, status: statusOf(policy, world) }) as never;
  expect(consentPolicyEvents(after(changed, given), before)).toMatchObject([
    { reason: "TextChanged", note: expect.stringContaining("12 of 13 live consents") },
  ]);
  expect(consentPolicyEvents(after(planOnly, given), before)).toMatchObject([
    { reason: "TextHeld", note: expect.stringContaining("12 of 13 live consents") },
  ]);
  const once = statusOf(changed, given) as never;
  expect(consentPolicyEvents(after(changed, said({})), once)).toEqual([]);
  const first = { ...kenya, status: {} };
  expect(consentPolicyEvents(after(first, said({})), {})).toEqual([]);
});
