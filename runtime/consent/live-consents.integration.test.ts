import { afterAll, beforeAll, expect, test } from "vitest";
import { LIVE_CONSENTS, LIVE_CONSENTS_ANNOTATION } from "../../crds/live-consents.ts";
import { createClient, type Client } from "../../kube/client.ts";
import { kubeconfigCredentials } from "../../kube/kubeconfig.ts";
import { leases, namespaces } from "../../kube/resources.ts";
import { startControlPlane, type ControlPlane } from "../../local/testing/control-plane.ts";
import { liveConsentsIn } from "../../operator/signed/live-consents.ts";
import type { ListedPartner } from "../service/shards.ts";
import { expireOverdue } from "./housekeeping.ts";
import { countLiveConsents, reportLiveConsents } from "./live-consents.ts";
import {
  CONSENTS_PATH,
  OTHERS,
  OURS,
  startConsents,
  type TestConsents,
  YES_BODY,
} from "./testing/consent-service.ts";
import { daysAfter, NOON, POLICY } from "./testing/consents.ts";

let world: TestConsents;
let plane: ControlPlane;
let client: Client;
beforeAll(async () => {
  [world, plane] = await Promise.all([startConsents(), startControlPlane()]);
  client = createClient(kubeconfigCredentials(plane.kubeconfig, { trusted: false }), { userAgent: "test" });
});
afterAll(async () => {
  await client.close();
  await Promise.all([world.stop(), plane.stop()]);
});

const stricter = { ...POLICY, hash: "f".repeat(64) };

/** A consent that the customer gave while the policy had another text. */
async function authorisedUnder(policy: typeof POLICY, id: string, clientId = OURS): Promise<void> {
  const like = await world.store.find(await world.asked());
  if (!like) throw new Error("What was asked for is not there.");
  await world.store.add({ ...like, id, clientId, policy }, { kind: "bank" });
  expect(await world.asService("POST", `/internal/consents/${id}/authorise`, YES_BODY)).toMatchObject({
    status: 200,
  });
}

const partners = {
  partner: (clientId: string) =>
    (clientId === OURS || clientId === OTHERS
      ? { shard: { partner: clientId === OURS ? "partners/acme" : "others/beta" } }
      : undefined) as ListedPartner | undefined,
};
const count = () => countLiveConsents(world.database, partners);

test("live consents are counted by policy and text: given and not ended, of partners that are known", async () => {
  await world.begin();
  expect(await count()).toEqual([]);
  const ours = await world.authorised();
  await world.authorised("domestic-payment");
  await world.asked();
  await authorisedUnder(stricter, "con-stricter");
  await authorisedUnder(POLICY, "con-others", OTHERS);
  await authorisedUnder(POLICY, "con-nobody", "ptn-00000000000000ff");
  const [name, hash] = [POLICY.name, POLICY.hash];
  expect(await count()).toEqual(
    [
      { policy: `others/${name}`, hash, count: 1 },
      { policy: `partners/${name}`, hash, count: 2 },
      { policy: `partners/${name}`, hash: stricter.hash, count: 1 },
    ].toSorted((a, b) => (`${a.policy} ${a.hash}` < `${b.policy} ${b.hash}` ? -1 : 1)),
  );
  await world.asPartner("DELETE", `${CONSENTS_PATH}/${ours}`);
  expect(await count()).toContainEqual({ policy: `partners/${name}`, hash, count: 1 });
  await expireOverdue(world.store, world.change, world.at(daysAfter(180)));
  expect(await count()).toEqual([]);
});

test("a stack says it in one Lease, counted once a minute however many pods there are", async () => {
  const namespace = "stack-ke";
  await client.apply(
    namespaces,
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    { fieldManager: "test" },
  );
  let counted = 0;
  let now = NOON;
  const say = (pod: string) =>
    reportLiveConsents({
      client,
      namespace,
      pod,
      now: () => now,
      count: () => {
        counted += 1;
        return Promise.resolve([{ policy: "partners/kenya", hash: POLICY.hash, count: counted }]);
      },
    });
  const said = async () => {
    const lease = await client.get(leases, { namespace, name: LIVE_CONSENTS });
    expect(lease?.metadata.annotations?.[LIVE_CONSENTS_ANNOTATION]).toBeDefined();
    return liveConsentsIn(lease, now)?.map((each) => each.count);
  };
  await say("consent-1");
  await say("consent-2");
  expect(await said()).toEqual([1]);
  now = new Date(NOON.getTime() + 60_000);
  await Promise.all([say("consent-1"), say("consent-2")]);
  expect(await said()).toHaveLength(1);
  now = new Date(NOON.getTime() + 60_000 + 300_001);
  expect(await said()).toBeUndefined();
});
