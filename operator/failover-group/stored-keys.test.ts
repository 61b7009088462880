import { expect, test } from "vitest";
import type { RegionSpec } from "../../crds/region.ts";
import { conditionOf } from "../../kube/condition.ts";
import type { Workload } from "./component.ts";
import { plan } from "./plan.ts";
import { INTO_STORE_ANNOTATION } from "./stored-keys.ts";
import { bare, group, running } from "./testing/world.ts";
import type { World } from "./world.ts";

const now = new Date("2026-11-22T18:00:00Z");
const openBao = {
  address: "https://vault.bank.example:8200",
  mount: "transit",
  auth: "kubernetes",
  role: "wekeza-stack",
};
const KEYS = ["audit-signing-key", "events-keys"] as const;

/** The group's world, in a Region that names keys of a store. */
function naming(keys: NonNullable<RegionSpec["keyStore"]>["keys"], world: World = bare): World {
  const members = world.members.map(({ spec, ...member }) =>
    spec ? { ...member, spec: { ...spec, keyStore: { openBao, keys } } } : member,
  );
  return { ...world, members };
}

const up: World = { ...bare, ...(bare.region ? { region: { ...bare.region, observed: running() } } : {}) };
const image = bare.images.wekeza;

/** Of what is planned: which services have a key of a Secret, which a token for the store, and what is said. */
function planned(of: typeof group, world: World) {
  const { objects, status } = plan(of, world, now);
  const deployments = objects
    .filter(({ object }) => object.kind === "Deployment")
    .map(({ object }) => object);
  const having = (text: string) =>
    deployments
      .filter((each) => JSON.stringify(each).includes(text))
      .map(({ metadata }) => metadata.name)
      .toSorted();
  return {
    audit: having('"secretName":"audit-signing-key"'),
    store: having('"audience":"openbao"'),
    keysInStore: status.keysInStore,
    said: conditionOf(status.conditions, "KeysInStore"),
  };
}

test("a new stack begins with the keys that its Region names in the store, and says nothing of it", () => {
  const { said, ...rest } = planned(group, naming([...KEYS]));
  expect(said).toBeUndefined();
  expect(rest).toEqual({ audit: [], store: ["audit", "events", "oauth"], keysInStore: [...KEYS] });
});

test("a stack that is there keeps its Secrets when a store comes, publishes what is in the store, and says how to move", () => {
  const { said, ...rest } = planned({ ...group, status: { image } }, naming([...KEYS], up));
  expect(rest).toEqual({ audit: ["audit"], store: ["oauth"], keysInStore: undefined });
  expect(said).toEqual({
    type: "KeysInStore",
    status: "False",
    reason: "KeysKept",
    message:
      "Region ke names audit-signing-key,events-keys in spec.keyStore, and this stack, which was there before, works with its Secrets still. " +
      "To move them: import audit-signing-key as version 1, as it is the log's identity, make the others there (docs/trust.md), an hour later: " +
      "kubectl annotate failovergroup east-africa openbanking.wekeza.io/keys-into-store=audit-signing-key,events-keys",
  });
});

test("it keeps them though its status was lost, by what runs; and though a Deployment was deleted, by its status", () => {
  expect(planned(group, naming([...KEYS], up)).keysInStore).toBeUndefined();
  expect(planned({ ...group, status: { image } }, naming([...KEYS])).keysInStore).toBeUndefined();
});

test("it keeps them though a hand takes the Secret out of a Deployment", () => {
  const live = running().get("Deployment audit") as unknown as Record<string, Record<string, unknown>>;
  const template = structuredClone(live["spec"]?.["template"]) as { spec: { volumes: unknown[] } };
  template.spec.volumes = [];
  const audit = { ...live, spec: { ...live["spec"], template } };
  const observed = new Map([...running(), ["Deployment audit", audit as unknown as Workload]]);
  const world = { ...bare, ...(bare.region ? { region: { ...bare.region, observed } } : {}) };
  expect(planned({ ...group, status: { image } }, naming([...KEYS], world))).toMatchObject({
    audit: ["audit"],
  });
});

test("a person moves one key and not the other; it stays there when the annotation goes", () => {
  const annotations = { [INTO_STORE_ANNOTATION]: "events-keys" };
  const ordered = { ...group, metadata: { ...group.metadata, annotations }, status: { image } };
  const moved = planned(ordered, naming([...KEYS], up));
  expect(moved).toMatchObject({ audit: ["audit"], store: ["events", "oauth"], keysInStore: ["events-keys"] });
  expect(moved.said?.message).toContain("names audit-signing-key in spec.keyStore");
  const later = { ...group, status: { image, keysInStore: ["events-keys"] } };
  expect(planned(later, naming([...KEYS], up)).keysInStore).toEqual(["events-keys"]);
});

test("what signs in the store goes on there though its status was lost", () => {
  const objects = plan(group, naming([...KEYS]), now).objects.map(({ object }) => object);
  const observed = new Map(objects.map((object) => [`${object.kind} ${object.metadata.name}`, object]));
  const world = { ...bare, ...(bare.region ? { region: { ...bare.region, observed } } : {}) };
  expect(planned({ ...group, status: { image } }, naming([...KEYS], world)).keysInStore).toEqual([...KEYS]);
});

test("of the audit service's two keys the one that moved is there though the status was lost, and never the other by mistake", () => {
  const both = naming(["audit-signing-key", "audit-wrapping-key"]);
  const objects = plan(group, naming(["audit-wrapping-key"]), now).objects.map(({ object }) => object);
  const observed = new Map(objects.map((object) => [`${object.kind} ${object.metadata.name}`, object]));
  const runs = { ...both, ...(bare.region ? { region: { ...bare.region, observed } } : {}) };
  expect(planned({ ...group, status: { image } }, runs).keysInStore).toEqual(["audit-wrapping-key"]);
  // A hand takes the Secret of the other out of what runs with a token.
  const audit = structuredClone(observed.get("Deployment audit")) as unknown as {
    spec: { template: { spec: { volumes: { name: string }[] } } };
  };
  const { spec } = audit.spec.template;
  spec.volumes = spec.volumes.filter(({ name }) => name !== "audit-signing");
  const disturbed = new Map([...observed, ["Deployment audit", audit as unknown as Workload]]);
  const world = { ...both, ...(bare.region ? { region: { ...bare.region, observed: disturbed } } : {}) };
  const known = { ...group, status: { image, keysInStore: ["audit-wrapping-key"] } };
  expect(planned(known, world).keysInStore).toEqual(["audit-wrapping-key"]);
});

test("what waits holds the keys that have moved", () => {
  const { region: _, ...silent } = naming([...KEYS]);
  const { status } = plan({ ...group, status: { image, keysInStore: ["events-keys"] } }, silent, now);
  expect(status.keysInStore).toEqual(["events-keys"]);
});

test.each([
  {
    why: "a word that is no key",
    word: "event-keys",
    world: naming([...KEYS], up),
    want: "Annotation openbanking.wekeza.io/keys-into-store names event-keys, and Region ke names no such key in spec.keyStore: write some of audit-signing-key,events-keys. Region ke names audit-signing-key,events-keys in spec.keyStore, and",
  },
  {
    why: "a key that the Region does not name",
    word: "oauth-keys",
    world: naming([...KEYS]),
    want: "names oauth-keys, and Region ke names no such key in spec.keyStore: write some of audit-signing-key,events-keys.",
  },
  {
    why: "a key of a Region without a store",
    word: "oauth-keys",
    world: up,
    want: "names oauth-keys, and Region ke names no such key in spec.keyStore: add spec.keyStore to the Region first.",
  },
])("$why moves nothing, and is said with what to write", ({ word, world, want }) => {
  const annotations = { [INTO_STORE_ANNOTATION]: word };
  const status = world.region === up.region ? { image } : {};
  const { said } = planned({ ...group, metadata: { ...group.metadata, annotations }, status }, world);
  expect(said).toMatchObject({ status: "False", reason: "KeysUnknown" });
  expect(said?.message).toContain(want);
});

test("an order that is written well is not spoken of", () => {
  const annotations = { [INTO_STORE_ANNOTATION]: " events-keys, audit-signing-key " };
  const ordered = { ...group, metadata: { ...group.metadata, annotations }, status: { image } };
  expect(planned(ordered, naming([...KEYS], up)).said).toBeUndefined();
});

test("what is not ready and asks the store is said with the store, and nothing else is", () => {
  const { status } = plan(group, naming(["audit-signing-key"]), now);
  const said = conditionOf(status.conditions, "ComponentsReady")?.message.split("; ") ?? [];
  expect(said.filter((each) => each.includes("vault.bank.example"))).toEqual([
    "audit: not there yet (it asks the key store https://vault.bank.example:8200: see that this runs, is unsealed and lets the pod in, whose log says more)",
  ]);
});
