import { expect, test } from "vitest";
import type { ConsentPolicyObject } from "../../crds/resources.ts";
import type { ShardPolicy } from "../../crds/shard.ts";
import { policyText } from "../signed/policy-text.ts";
import { testPolicy } from "../testing/group.ts";
import { policyInForce } from "./policy-in-force.ts";

const now = new Date("2026-11-22T18:00:00Z");
const kenya = testPolicy();
const { hash } = policyText(kenya.spec);
const former = policyInForce(kenya, undefined, now) as ShardPolicy;
const stricter = { ...kenya, spec: { ...kenya.spec, maxDurationDays: 30 } };
const told = (hashTold: string | undefined, annotations = {}): ConsentPolicyObject => ({
  ...stricter,
  metadata: { ...stricter.metadata, annotations },
  ...(hashTold === undefined ? {} : { status: { hash: hashTold } }),
});
const planOnly = { "openbanking.wekeza.io/plan": "only" };
const newHash = policyText(stricter.spec).hash;

test.each([
  { why: "goes out once status names it", policy: told(newHash), before: former, want: 30 },
  { why: "waits while status names the former", policy: told(hash), before: former, want: 365 },
  { why: "waits while status names none", policy: told(undefined), before: former, want: 365 },
  { why: "stays out, whoever plans only", policy: told(newHash, planOnly), before: former, want: 30 },
  { why: "goes out at once where all is new", policy: told(undefined), before: undefined, want: 30 },
  { why: "goes to no new Partner that waits", policy: told(hash), before: undefined, want: undefined },
  { why: "goes to nobody as a plan", policy: told(undefined, planOnly), before: undefined, want: undefined },
])("a changed text $why", ({ policy, before, want }) => {
  expect(policyInForce(policy, before, now)?.maxDurationDays).toBe(want);
});
