import "reflect-metadata";
import { describe, expect, test } from "vitest";
import { type Roster, shardName } from "../../crds/shard.ts";
import { conditionOf } from "../../kube/condition.ts";
import type { ConfigMap } from "../../kube/resources.ts";
import { ACME } from "../csr/testing/signing-request.ts";
import type { Server } from "../signed/server.ts";
import { signedReader } from "../signed/signed-reader.ts";
import { newSigningKey, shardSigner } from "../signing-key.ts";
import { testPolicy } from "../testing/group.ts";
import { testPartner } from "../testing/partner.ts";
import { signedBy } from "../testing/signed-by.ts";
import { planPartner } from "./plan.ts";
import type { GroupWorld, OwnPlace } from "./world.ts";

const now = new Date("2026-11-22T18:00:00Z");
const signingKey = newSigningKey();
const signer = shardSigner([signingKey]);
const reader = signedReader(signer.trust);
const stack: GroupWorld = {
  name: "ke",
  region: "ke",
  cluster: "ke",
  namespace: "stack-ke",
  stack: "there",
  servers: [],
};
const NAMESPACE = `stack-ke-${ACME}`;
const HOST = `${ACME}.api.ke.openbanking.test`;
const said = { clientId: ACME, partner: "partners/acme", host: HOST, namespace: NAMESPACE, serving: true };
const empty: OwnPlace = {
  namespace: NAMESPACE,
  configMap: undefined,
  shard: undefined,
  roster: undefined,
  servers: [],
};

const partner = testPartner("", { tier: "dedicated" });
const plan = (group: GroupWorld, of = partner) =>
  planPartner(
    of,
    {
      clientId: ACME,
      policy: testPolicy(),
      requests: new Map(),
      approvals: [],
      risk: undefined,
      groups: [group],
      lostClusters: [],
    },
    now,
    signer,
  );

function pod(name: string, resourceVersion: string, rosterVersion = 1): Server {
  const nothing = { refused: new Map(), behaviour: new Map() };
  return { pod: name, service: "gateway", startedAt: now, resourceVersion, rosterVersion, ...nothing };
}

/** The shard as it lies in both places, as resource version 7. */
const made = plan({ ...stack, gateways: said, own: empty }).objects.map(({ object }) =>
  signedBy(signingKey, object as ConfigMap),
);
function placed(own: readonly Server[], shared: readonly Server[] = [pod("gateway-1", "7")]): GroupWorld {
  const [inStack, beside] = made.map((map) => ({
    ...map,
    metadata: { ...map.metadata, resourceVersion: "7" },
  }));
  const seen = (configMap: ConfigMap | undefined) => ({
    configMap,
    shard: reader.shard(configMap, "ke", ACME),
  });
  return {
    ...stack,
    ...seen(inStack),
    servers: shared,
    gateways: said,
    own: { ...empty, ...seen(beside), servers: own },
  };
}
const roster = (suspended: boolean): Roster => ({
  kind: "roster",
  group: "ke",
  version: 1,
  issuedAt: now.toISOString(),
  partners: [{ clientId: ACME, minimumVersion: 1, suspended, revoked: [] }],
});

test("its shard goes into the stack and, the same, beside it", () => {
  expect(made.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).toEqual([
    `stack-ke/${shardName(ACME)}`,
    `${NAMESPACE}/${shardName(ACME)}`,
  ]);
  expect(made[1]?.data).toEqual(made[0]?.data);
});

test("before its namespace is there nothing is put into it, and afterwards nothing is written twice", () => {
  const starting = { ...said, serving: false, host: undefined };
  expect(plan({ ...stack, gateways: starting as never }).objects).toHaveLength(1);
  const { objects } = plan(placed([pod("own-1", "7")]));
  expect(objects.map(({ object }) => (object as ConfigMap).data)).toEqual(made.map(({ data }) => data));
});

describe("the partner is served", () => {
  const served = (group: GroupWorld) => conditionOf(plan(group).status.conditions, "Served");
  test.each([
    { when: "its own gateways have the newest settings too", own: [pod("own-1", "7")], status: "True" },
    { when: "its own have not, but the group's have", own: [pod("own-1", "6")], status: "False" },
    { when: "its own are starting and serve nobody yet", own: [pod("own-1", "6", 0)], status: "True" },
    { when: "there are none of its own yet", own: [], status: "True" },
  ])("when $when: $status", ({ own, status }) => {
    expect(served(placed(own))?.status).toBe(status);
  });

  test("by its own gateways alone it is not", () => {
    expect(served(placed([pod("own-1", "7")], []))?.reason).toBe("AwaitingGateways");
  });

  test("and is told the host it may call", () => {
    expect(plan(placed([pod("own-1", "7")])).status.groups?.[0]?.host).toBe(HOST);
  });
});

test("a suspension is confirmed by the group's gateways and its own", () => {
  const suspended = testPartner("", { tier: "dedicated", suspended: true });
  const group = placed([pod("own-1", "7")]);
  const status = (own: boolean) => {
    const rosters = { roster: roster(true), own: { ...empty, ...group.own, roster: roster(own) } };
    return conditionOf(plan({ ...group, ...rosters }, suspended).status.conditions, "Suspended")?.status;
  };
  expect([status(false), status(true)]).toEqual(["False", "True"]);
});

test("a deleted one goes when its own gateways' roster has dropped it too", () => {
  const { metadata } = partner;
  const leaving = { ...partner, metadata: { ...metadata, deletionTimestamp: "2026-11-22T18:00:00Z" } };
  const group = placed([]);
  const retained = (own: OwnPlace | undefined) => plan({ ...group, own }, leaving).retain;
  expect([retained({ ...empty, roster: roster(false) }), retained(empty), retained(undefined)]).toEqual([
    true,
    false,
    false,
  ]);
});

describe("how far its gateways are", () => {
  const dedicated = (gateways: GroupWorld["gateways"], of = partner) =>
    conditionOf(plan({ ...stack, gateways }, of).status.conditions, "Dedicated");
  const { namespace: _, host: __, ...nowhere } = said;

  test("is not said of a partner that has and wants none", () => {
    expect(dedicated(undefined, testPartner(""))).toBeUndefined();
    expect(dedicated({ ...nowhere, serving: false }, testPartner(""))).toBeUndefined();
  });

  test.each([
    { when: "the group has not looked yet", gateways: undefined, reason: "OwnGatewaysStarting" },
    {
      when: "they start",
      gateways: { ...said, serving: false, message: "gateway: 0 of 1" },
      reason: "OwnGatewaysStarting",
    },
    {
      when: "there can be none",
      gateways: { ...nowhere, serving: false, message: "Renew it." },
      reason: "OwnGatewaysRefused",
    },
    { when: "they serve", gateways: said, reason: "OwnGateways" },
  ])("when $when: $reason", ({ gateways, reason }) => {
    const found = dedicated(gateways);
    expect(found).toMatchObject({ reason, status: reason === "OwnGateways" ? "True" : "False" });
    expect(found?.message).toContain(
      gateways?.serving ? HOST : "Until then the gateways of the group serve it.",
    );
  });

  test("is told while they drain", () => {
    const until = "2026-11-22T19:01:00.000Z";
    expect(dedicated({ ...said, serving: false, until }, testPartner(""))?.message).toContain(
      `${NAMESPACE} until ${until}`,
    );
  });
});
