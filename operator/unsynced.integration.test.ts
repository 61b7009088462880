import { afterAll, beforeAll, expect, test } from "vitest";
import { failoverGroups, partners, regions } from "../crds/resources.ts";
import { ROSTER_NAME, SERVED, SERVED_LABEL } from "../crds/shard.ts";
import { Clusters } from "../kube/clusters.ts";
import { configMaps, leases } from "../kube/resources.ts";
import { HOME } from "../kube/plan.ts";
import { clientIdOf } from "./csr/names.ts";
import { requestPem } from "./csr/testing/requests.ts";
import { type FailoverGroupDependencies, observe } from "./failover-group/observe.ts";
import { observePartner } from "./partner/observe.ts";
import { isSuspendedIn } from "./partner/serving.ts";
import { signedConfigMap, withSignature } from "./signed/signed-config-map.ts";
import { signedReader } from "./signed/signed-reader.ts";
import { testAuthority } from "./signer/testing/authority.ts";
import { newSigningKey, shardSigner } from "./signing-key.ts";
import { eastAfrica } from "./stack/testing/example.ts";
import { testGroup, testRegion } from "./testing/group.ts";
import { type Hub, startHub } from "./testing/hub.ts";
import { testPartner } from "./testing/partner.ts";

const NAMESPACE = "stack-ke";
const now = () => new Date("2026-11-22T18:00:00Z");
const by = { fieldManager: "test" };
const signer = shardSigner([newSigningKey()]);

let hub: Hub;
/** The hub as a process knows it that has just begun: no cache shows what is in stacks yet. */
let clusters: Clusters;

beforeAll(async () => {
  hub = await startHub();
  clusters = new Clusters();
  const cluster = await clusters.engage(HOME, hub.admin);
  for (const name of ["partners", "wekeza-system", NAMESPACE]) await hub.namespace(name);
  await hub.admin.create(regions, testRegion("ke"));
  await hub.admin.create(failoverGroups, testGroup("ke"));
  await hub.admin.create(partners, testPartner(await requestPem(), { suspended: true }));
  clusters.watch({ resource: partners });
  clusters.watch({ resource: failoverGroups });
  await cluster.whenSynced;
});
afterAll(async () => {
  await clusters?.stop();
  await hub?.stop();
});

test("an authority that a stack trusts is not forgotten because no cache shows it yet", async () => {
  const [zone, group] = ["partners.openbanking.test", await hub.admin.get(failoverGroups, { name: "ke" })];
  const [old, next] = [await testAuthority(zone), await testAuthority(zone)];
  const bundle = (namespace: string, text: string) =>
    hub.admin.apply(
      configMaps,
      {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { namespace, name: "partner-ca" },
        data: { "ca.crt": text },
      },
      by,
    );
  await bundle("wekeza-system", next.root);
  await bundle(NAMESPACE, old.root);
  const dependencies: FailoverGroupDependencies = {
    clusters,
    dns: { published: async () => ({ groups: new Map(), foreign: false }), point: async () => {} },
    signer,
    images: eastAfrica.images,
    namespaces: { hosts: "wekeza-hosts", system: "wekeza-system", region: "wekeza-region" },
    account: "wekeza-operator",
    now,
    hostTls: { watch() {}, forget() {} },
  };
  if (!group) throw new Error("The group is missing.");
  const world = await observe(group, dependencies);
  expect(world.unreachable).toBeUndefined();
  expect(world.retiring.flatMap((each) => each.partners)).toEqual(["partners/acme"]);
  expect(world.partnerCa).toContain(next.root.trim());
  expect(world.partnerCa).toContain(old.root.trim());
});

test("a pod that serves by an older roster is seen before any cache shows it, and nobody is said to be suspended", async () => {
  const clientId = clientIdOf("partners", "acme");
  const entry = { clientId, minimumVersion: 1, suspended: true, revoked: [] };
  const document = {
    kind: "roster" as const,
    group: "ke",
    version: 7,
    issuedAt: now().toISOString(),
    partners: [entry],
  };
  const parts = { name: ROSTER_NAME, namespace: NAMESPACE, kind: "roster", document } as const;
  const { object } = signedConfigMap({ ...parts, present: undefined }, signer);
  await hub.admin.apply(configMaps, await withSignature(object, signer), by);
  const annotations = { [SERVED.startedAt]: now().toISOString(), [SERVED.rosterVersion]: "6" };
  await hub.admin.apply(
    leases,
    {
      apiVersion: leases.apiVersion,
      kind: leases.kind,
      metadata: {
        namespace: NAMESPACE,
        name: "gateway-0",
        labels: { [SERVED_LABEL]: "gateway" },
        annotations,
      },
      spec: {
        holderIdentity: "gateway-0",
        leaseDurationSeconds: 30,
        renewTime: "2026-11-22T18:00:00.000000Z",
      },
    },
    by,
  );
  const partner = await hub.admin.get(partners, { namespace: "partners", name: "acme" });
  if (!partner) throw new Error("The Partner is missing.");
  const reader = signedReader(signer.trust);
  const world = await observePartner(partner, { clusters, reader, signer, scores: undefined, now });
  const [group] = world.groups;
  if (!group) throw new Error("The group is missing.");
  expect(group.roster?.version).toBe(7);
  expect(group.servers.map(({ pod }) => pod)).toEqual(["gateway-0"]);
  expect(isSuspendedIn(group, clientId)).toBe(false);
});
