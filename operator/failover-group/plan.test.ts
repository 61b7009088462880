import { expect, test } from "vitest";
import { stringify } from "yaml";
import { conditionOf } from "../../kube/condition.ts";
import type { KubeObject } from "../../kube/object.ts";
import { findingFor } from "./finding.ts";
import { plan } from "./plan.ts";
import { bare, group, running } from "./testing/world.ts";
import type { RegionWorld, World } from "./world.ts";

const now = new Date("2026-11-22T18:00:00Z");
const up: World = { ...bare, ...(bare.region ? { region: { ...bare.region, observed: running() } } : {}) };
const served: World = {
  ...up,
  records: [
    { host: "api.east-africa.openbanking.test", address: "192.0.2.1" },
    { host: "auth.east-africa.openbanking.test", address: "192.0.2.2" },
    { host: "mtls.auth.east-africa.openbanking.test", address: "192.0.2.3" },
  ],
};
const other = { name: "older", created: "2026-11-22T09:00:00Z", hosts: ["api.older.openbanking.test"] };
const summary = ({ objects, ...rest }: ReturnType<typeof plan>) =>
  stringify({
    ...rest,
    objects: objects.map(({ cluster, object }) => `${cluster}: ${object.kind} ${object.metadata.name}`),
  });

test.each([
  ["new", bare],
  ["up", up],
  ["served", served],
] as const)("the plan of a group whose stack is %s", async (name, world) => {
  await expect(summary(plan(group, world, now))).toMatchFileSnapshot(`golden/${name}.yaml`);
});

test("names that nobody wants are taken down though the group's own are right", () => {
  const elsewhere: World = { ...served, neighbours: [other], foreignRecords: true };
  expect(plan(group, served, now).actions).toEqual([]);
  expect(plan(group, elsewhere, now).actions).toEqual([
    { do: "pointNames", group: "east-africa", records: served.records, others: ["older"] },
  ]);
});

test("every object goes to the cluster of the active region", () => {
  const clusters = new Set(plan(group, bare, now).objects.map(({ cluster }) => cluster));
  expect([...clusters]).toEqual(["ke"]);
});

const taken = { ...other, hosts: ["api.east-africa.openbanking.test"] };
const { region: _, ...silent } = bare;
const { hostTls: __, ...uncertified } = bare;
const { partnerCa: ___, ...untrusted } = bare;
const abroad = (country: string): World => ({
  ...bare,
  members: bare.members.map((member) =>
    member.spec ? { ...member, spec: { ...member.spec, country } } : member,
  ),
});

const core = { url: "https://core.bank.example" };
const mixed: World = {
  ...bare,
  members: bare.members.flatMap(({ spec, ...member }) =>
    spec
      ? [
          { ...member, spec },
          { ...member, name: "ke-2", spec: { ...spec, demoData: false, core } },
        ]
      : [],
  ),
};

test.each([
  ["a member that does not exist", { ...bare, members: [{ name: "ke", leaving: false }] }, "RegionMissing"],
  ["a member abroad", abroad("DE"), "ResidencyViolated"],
  ["a member with a core beside one without", mixed, "CoresDiffer"],
  ["a host of an older group", { ...bare, neighbours: [taken] }, "HostTaken"],
  ["a silent cluster", { ...silent, unreachable: "GET /version: connect ECONNREFUSED" }, "RegionUnreachable"],
  ["no host certificate", uncertified, "CertificateMissing"],
  [
    "a host certificate that is no certificate",
    { ...bare, hostTls: { certificate: "eA==", key: "eA==" } },
    "CertificateMissing",
  ],
  ["no partner CA", untrusted, "TrustMissing"],
] as const)("%s holds the stack as it is", async (_what, world, reason) => {
  const { objects, hold, actions, status } = plan(group, world as World, now);
  expect({ objects, hold, actions }).toEqual({ objects: [], hold: true, actions: [] });
  const { message } = conditionOf(status.conditions, "Ready") ?? {};
  expect(conditionOf(status.conditions, "Ready")?.reason).toBe(reason);
  await expect(`${message}\n`).toMatchFileSnapshot(
    `golden/messages/${reason}-${_what.replaceAll(" ", "-")}.txt`,
  );
});

test("an expired host certificate is found by the clock alone", () => {
  expect(findingFor(group, served, new Date("2200-01-01T00:00:00Z"))?.reason).toBe("CertificateMissing");
});

test("a host of a younger group is no finding: that one gives way", () => {
  const younger = { ...other, created: "2026-11-22T11:00:00Z" };
  expect(findingFor(group, { ...bare, neighbours: [younger] }, now)).toBeUndefined();
});

test("editing members does not move data", () => {
  const moved = { ...group, spec: { ...group.spec, members: ["eu"] }, status: { active: "ke" } };
  expect(findingFor(moved, bare, now)).toMatchObject({ reason: "MoveRefused", final: true });
});

test("one pod that is not available is named, and the group is not ready", () => {
  const observed = new Map(running());
  const gateway = observed.get("Deployment gateway");
  if (gateway)
    observed.set("Deployment gateway", { ...gateway, status: { observedGeneration: 1, replicas: 1 } });
  const world = { ...served, ...(served.region ? { region: { ...served.region, observed } } : {}) };
  const ready = conditionOf(plan(group, world, now).status.conditions, "Ready");
  expect(ready).toMatchObject({
    status: "False",
    reason: "ComponentsStarting",
    message: "gateway: 0 of 1 pods available",
  });
});

test("an authority that goes is named with those who still need it, and holds up nothing", () => {
  const retiring = [{ subject: "CN=Old Root", partners: ["partners/acme"] }];
  const { status, hold } = plan(group, { ...bare, retiring }, now);
  expect(hold).toBeUndefined();
  expect(conditionOf(status.conditions, "TrustCurrent")).toMatchObject({
    status: "False",
    reason: "AuthorityRetiring",
    message: expect.stringContaining("CN=Old Root (partners/acme)"),
  });
});

test("volumes that are not as their Region says by now are named, and hold up nothing", () => {
  const said = (made: RegionWorld["made"], stream?: { readonly driver: "builtin" }) => {
    const members = bare.members.map(({ spec, ...member }) => {
      if (spec === undefined) return member;
      const database = { ...spec.database, storage: "2Gi", storageClass: "sealed" };
      return { ...member, spec: { ...spec, database, ...(stream ? { stream } : {}) } };
    });
    const images = { ...bare.images, kafka: "wekeza.test/kafka:0123456789ab" };
    const region = up.region && { ...up.region, made };
    const { status, hold } = plan(group, { ...up, members, images, ...(region ? { region } : {}) }, now);
    expect(hold).toBeUndefined();
    return conditionOf(status.conditions, "VolumesCurrent");
  };
  const asSaid = { storage: "2048Mi", storageClass: "sealed" };
  expect(said({})).toBeUndefined();
  expect(
    said({ postgres: asSaid, kafka: { storageClass: "sealed" } }, { driver: "builtin" }),
  ).toBeUndefined();
  expect(said({ postgres: asSaid, kafka: {} })).toBeUndefined();
  expect(
    said({ postgres: { storage: "7Gi" }, kafka: { storageClass: "older" } }, { driver: "builtin" }),
  ).toEqual({
    type: "VolumesCurrent",
    status: "False",
    reason: "VolumesKept",
    message:
      "Not as Region ke says in spec.database: postgres has 7Gi, not 2Gi; " +
      "postgres is of its cluster's default StorageClass, not of StorageClass sealed; " +
      "kafka is of StorageClass older, not of StorageClass sealed. A volume keeps what it was made with. " +
      "Put the former values back, or delete the group (and its data) and make it anew.",
  });
});

test("that nothing can be signed is said, and holds up nothing", () => {
  const { status, hold } = plan(group, { ...bare, unsigned: "The key store cannot sign now." }, now);
  expect(hold).toBeUndefined();
  expect(conditionOf(status.conditions, "Signed")).toMatchObject({
    status: "False",
    reason: "KeyStoreAway",
    message: expect.stringContaining(
      "revocations and changes of partners wait for a signature. The key store",
    ),
  });
});

test("a read replica that is away is said, and the group is ready without it", () => {
  const members = bare.members.map(({ spec, ...member }) =>
    spec ? { ...member, spec: { ...spec, database: { ...spec.database, readReplicas: 1 } } } : member,
  );
  const saidOf = (readyReplicas: number | undefined) => {
    const observed = new Map(running());
    const like = observed.get("StatefulSet postgres");
    if (like && readyReplicas !== undefined)
      observed.set("StatefulSet postgres-read", { ...like, status: { ...like.status, readyReplicas } });
    const region = served.region && { ...served.region, observed };
    const { status } = plan(group, { ...served, members, ...(region ? { region } : {}) }, now);
    return {
      ready: conditionOf(status.conditions, "Ready")?.status,
      replicas: conditionOf(status.conditions, "ReadReplicasReady"),
    };
  };
  expect(saidOf(undefined)).toMatchObject({
    ready: "True",
    replicas: {
      status: "False",
      reason: "ReplicasAway",
      message: expect.stringMatching(/^not there yet\./) as string,
    },
  });
  expect(saidOf(0)).toMatchObject({ ready: "True", replicas: { reason: "ReplicasAway" } });
  expect(saidOf(1)).toMatchObject({ ready: "True", replicas: { status: "True", reason: "ReplicasFollow" } });
  expect(conditionOf(plan(group, served, now).status.conditions, "ReadReplicasReady")).toBeUndefined();
});

test("a volume keeps the size and the class it was made with, and one that comes later has what its Region says by then", () => {
  const claimsOf = (made: RegionWorld["made"]): object => {
    const members = bare.members.map(({ spec, ...member }) => {
      if (spec === undefined) return member;
      const database = { ...spec.database, storage: "2Gi", storageClass: "sealed" };
      return { ...member, spec: { ...spec, database, stream: { driver: "builtin" as const } } };
    });
    const images = { ...bare.images, kafka: "wekeza.test/kafka:0123456789ab" };
    const region = bare.region && { ...bare.region, made };
    const world = { ...bare, members, images, ...(region ? { region } : {}) };
    const claims = plan(group, world, now).objects.flatMap(({ object }) => {
      const [claim] = (object as StatefulSet).spec?.volumeClaimTemplates ?? [];
      if (claim === undefined) return [];
      const { storageClassName, resources } = claim.spec;
      return [[object.metadata.name, [resources.requests.storage, storageClassName]]];
    });
    return Object.fromEntries(claims) as object;
  };
  expect(claimsOf({})).toEqual({ postgres: ["2Gi", "sealed"], kafka: ["1Gi", "sealed"] });
  expect(claimsOf({ postgres: { storage: "7Gi" } })).toEqual({
    postgres: ["7Gi", undefined],
    kafka: ["1Gi", "sealed"],
  });
  expect(claimsOf({ postgres: { storage: "7Gi", storageClass: "older" }, kafka: {} })).toEqual({
    postgres: ["7Gi", "older"],
    kafka: ["1Gi", undefined],
  });
});

interface StatefulSet extends KubeObject {
  readonly spec?: {
    readonly volumeClaimTemplates?: readonly {
      readonly spec: {
        readonly storageClassName?: string;
        readonly resources: { readonly requests: { readonly storage: string } };
      };
    }[];
  };
}

const leaving = { ...group, metadata: { ...group.metadata, deletionTimestamp: "2026-11-22T17:59:00Z" } };

test("a group that is deleted takes its names down and its objects away", () => {
  const { objects, actions, hold } = plan(leaving, served, now);
  expect({ objects, actions, hold }).toEqual({
    objects: [],
    actions: [{ do: "pointNames", group: "east-africa", records: [], others: [] }],
    hold: undefined,
  });
});

test("a group that is deleted after its Region does not wait for it", () => {
  expect(plan(leaving, { ...served, members: [{ name: "ke", leaving: false }] }, now).abandon).toEqual([
    "ke",
  ]);
});
