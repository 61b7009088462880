import { expect, test } from "vitest";
import { stringify } from "yaml";
import { conditionOf } from "../../kube/condition.ts";
import type { RegionObject } from "../../crds/resources.ts";
import { ke } from "../testing/custom-resources.ts";
import { plan } from "./plan.ts";
import { tokenIn, withToken } from "./token.ts";
import type { GroupView, World } from "./world.ts";

const now = new Date("2026-11-22T18:00:00Z");
const region: RegionObject = { ...ke, metadata: { name: "ke", creationTimestamp: "2026-11-22T17:00:00Z" } };
const group: GroupView = { name: "east-africa", member: true, active: true, ready: true, own: false };
const server = "https://10.64.0.12:6443";
const world: World = {
  reach: { state: "reachable", server, version: "v1.35.4" },
  token: {
    account: { namespace: "wekeza-region", name: "wekeza-operator" },
    issued: new Date("2026-11-22T12:00:00Z"),
    expires: new Date("2026-11-23T12:00:00Z"),
  },
  groups: [group],
  zone: "openbanking.test",
};
const message = "GET https://10.64.0.12:6443/version: connect ECONNREFUSED.";

test.each([
  ["served", world],
  ["starting", { ...world, groups: [{ ...group, ready: false }] }],
  ["unnamed", { ...world, groups: [] }],
  ["unreachable", { ...world, reach: { state: "unreachable", server, message } }],
  ["locked-out", { ...world, reach: { state: "credentialsRefused", server, message: "401" } }],
] as const)("the plan of a region that is %s", async (name, seen) => {
  await expect(stringify(plan(region, seen as World, now))).toMatchFileSnapshot(`golden/${name}.yaml`);
});

test("a token is renewed at half of its life", () => {
  const at = (time: string) => plan(region, world, new Date(time)).actions.map((action) => action.do);
  expect(at("2026-11-22T23:59:59Z")).toEqual([]);
  expect(at("2026-11-23T00:00:00Z")).toEqual(["renewToken"]);
});

test("a new Region waits a moment for a group that somebody else makes", () => {
  const young = { ...region, metadata: { ...region.metadata, creationTimestamp: "2026-11-22T17:59:55Z" } };
  const { objects, recheckAfter } = plan(young, { ...world, groups: [] }, now);
  expect({ objects, recheckAfter }).toEqual({ objects: [], recheckAfter: 10_000 });
});

test("a group of its own stays when another one names the region: its data would go with it", () => {
  const groups = [group, { ...group, name: "ke", own: true }];
  expect(plan(region, { ...world, groups }, now).objects.map(({ object }) => object.metadata.name)).toEqual([
    "ke",
  ]);
});

test("a Region stays until the groups of others have left it", () => {
  const leaving = { ...region, metadata: { ...region.metadata, deletionTimestamp: "2026-11-22T17:59:00Z" } };
  expect(plan(leaving, world, now).retain).toBe(true);
  expect(plan(leaving, { ...world, groups: [] }, now).retain).toBe(false);
});

test("a missing credential waits for a person", () => {
  const { conditions } = plan(
    region,
    { ...world, reach: { state: "credentialsMissing", message: "no Secret" } },
    now,
  ).status;
  expect(conditionOf(conditions, "Stalled")).toMatchObject({ status: "True", reason: "CredentialsMissing" });
});

const claims = { sub: "system:serviceaccount:wekeza-region:wekeza-operator", iat: 1_000, exp: 2_000 };
const jwt = (payload: object) => `x.${Buffer.from(JSON.stringify(payload)).toString("base64url")}.y`;
const kubeconfig = (user: object) =>
  stringify({
    "current-context": "ke",
    contexts: [{ name: "ke", context: { cluster: "ke", user: "operator" } }],
    users: [{ name: "operator", user }],
  });

test("the token of a kubeconfig tells whose it is and how long it lives", () => {
  expect(tokenIn(kubeconfig({ token: jwt(claims) }))).toEqual({
    account: { namespace: "wekeza-region", name: "wekeza-operator" },
    issued: new Date(1_000_000),
    expires: new Date(2_000_000),
  });
});

test.each([
  ["a client certificate", { "client-certificate-data": "eA==" }],
  ["a token that is no JWT", { token: "secret" }],
  ["a person's token", { token: jwt({ ...claims, sub: "jane" }) }],
])("%s is not renewed", (_, user) => {
  expect(tokenIn(kubeconfig(user))).toBeUndefined();
});

test("a new token takes the old one's place and nothing else's", () => {
  const next = jwt({ ...claims, iat: 3_000, exp: 4_000 });
  const text = withToken(kubeconfig({ token: jwt(claims) }), next);
  expect(text).toBe(kubeconfig({ token: next }));
});
