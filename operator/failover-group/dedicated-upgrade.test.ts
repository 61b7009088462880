import fc from "fast-check";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import type { DedicatedGateways } from "../../crds/dedicated.ts";
import { conditionOf } from "../../kube/condition.ts";
import type { KubeObject } from "../../kube/object.ts";
import { renderDedicated } from "../stack/render.ts";
import { eastAfrica } from "../stack/testing/example.ts";
import { observedKey, type Workload } from "./component.ts";
import { type OwnStep, ownStep } from "./dedicated-upgrade.ts";
import { installedOf } from "./installed.ts";
import { plan } from "./plan.ts";
import { withImage } from "./stack-of.ts";
import { bare, group, running, WIDE_CERTIFICATE } from "./testing/world.ts";
import { type Installed, turnOf } from "./upgrade.ts";
import type { Tenant, World } from "./world.ts";

const now = new Date("2026-11-22T18:00:00Z");
const [OLD, NEW, NEXT] = ["wekeza:1", "wekeza:2", "wekeza:3"];
const TIMED_OUT = { type: "Progressing", status: "False", message: "It has timed out progressing." };

/** A Deployment in the smallest form that a step is judged by. */
const gatewayWith = (image: string): KubeObject =>
  ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "gateway" },
    spec: { template: { spec: { containers: [{ name: "gateway", image }] } } },
  }) as KubeObject;

const imageOf = (object: KubeObject | undefined): string =>
  /"image":"([^"]+)"/.exec(JSON.stringify(object))?.[1] ?? "";

/** One partner's gateways, with a Deployment that a controller looks after. */
interface Site {
  installed: Installed;
  live: Workload;
}

const READY = { replicas: 1, updatedReplicas: 1, availableReplicas: 1 };

/** What the controller of Deployments says next: it has not looked, it waits for pods, or it is done with them. */
function looked(
  live: Workload,
  look: "not yet" | "waits" | "done",
  isGood: (image: string) => boolean,
): Workload {
  const { generation = 1 } = live.metadata;
  const seen = { ...live.status, observedGeneration: generation };
  if (look === "not yet") return live;
  if (look === "waits")
    return { ...live, status: { ...READY, observedGeneration: generation, updatedReplicas: 0 } };
  return isGood(imageOf(live))
    ? { ...live, status: { ...READY, observedGeneration: generation } }
    : { ...live, status: { ...seen, updatedReplicas: 0, conditions: [TIMED_OUT] } };
}

/** One pass over all partners, as a group's plan makes it; what is planned is there afterwards. */
function pass(sites: Map<string, Site>, wanted: string): readonly OwnStep[] {
  return [...sites].map(([name, site]) => {
    const others = [...sites.values()].map((each) => each.installed).filter((each) => each.name !== name);
    const observed = new Map([[observedKey(site.live), site.live]]);
    const step = ownStep({
      installed: site.installed,
      partner: `partners/${name}`,
      wanted,
      others,
      observed,
      render: (image) => [gatewayWith(image)],
    });
    const [object] = step.objects;
    const generation = site.live.metadata.generation ?? 1;
    const changed = imageOf(object) !== imageOf(site.live);
    const metadata = { name: "gateway", generation: generation + (changed ? 1 : 0) };
    sites.set(name, { installed: step.installed, live: { ...site.live, ...object, metadata } });
    return step;
  });
}

const isReady = ({ metadata, status }: Workload): boolean =>
  status?.observedGeneration === metadata.generation && status?.updatedReplicas === 1;

/** Partners that run the old image, some of which had not got ready with it. */
function sitesOf(fates: readonly { readonly stuckBefore: boolean }[]): Map<string, Site> {
  return new Map(
    fates.map(({ stuckBefore }, at): [string, Site] => {
      const name = `ptn-${at}`;
      const stuck = stuckBefore ? { availableReplicas: 0, conditions: [TIMED_OUT] } : {};
      const status = { ...READY, observedGeneration: 1, ...stuck };
      const live = { ...gatewayWith(OLD), metadata: { name: "gateway", generation: 1 }, status };
      return [name, { installed: { name, image: OLD }, live }];
    }),
  );
}

const havingImage = (sites: ReadonlyMap<string, Site>, image: string): readonly string[] =>
  [...sites].flatMap(([name, { live }]) => (imageOf(live) === image ? [name] : []));

/** What a pass did that it must not do. */
function wrongIn(
  before: ReadonlyMap<string, Site>,
  after: ReadonlyMap<string, Site>,
  isGood: (name: string) => boolean,
): readonly string[] {
  const failed = [...before.values()].some(({ installed }) => installed.failedImage === NEW);
  const having = havingImage(after, NEW);
  const open = having.filter((name) => after.get(name)?.installed.image === OLD);
  const begun = having.filter((name) => !havingImage(before, NEW).includes(name));
  return [
    ...(open.length > 1 ? [`${open.join(" and ")} at a time`] : []),
    ...(failed && begun.length > 0 ? [`${begun.join()} after a failure`] : []),
    ...[...after].flatMap(([name, { installed, live }]) => [
      ...(installed.image === NEW && before.get(name)?.installed.image !== NEW && !isReady(live)
        ? [`${name} is said to run it, and is not ready`]
        : []),
      ...(installed.failedImage === NEW && isGood(name) ? [`${name} was given up for nothing`] : []),
      ...(installed.failedImage === NEW && imageOf(live) !== OLD ? [`${name} did not go back`] : []),
    ]),
  ];
}

test("whatever the probes say and when: one partner at a time, and none after one that fails", () => {
  const fate = fc.record({ good: fc.boolean(), stuckBefore: fc.boolean() });
  const look = fc.constantFrom("not yet", "waits", "done");
  const some = fc.array(fate, { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(some, fc.array(look, { maxLength: 30 }), (fates, looks) => {
      const sites = sitesOf(fates);
      const names = [...sites.keys()];
      const isGood = (name: string): boolean => fates[names.indexOf(name)]?.good === true;
      const observe = (how: (typeof looks)[number], which: readonly string[]): void => {
        for (const [name, { installed, live }] of sites)
          if (which.includes(name))
            sites.set(name, { installed, live: looked(live, how, (image) => image !== NEW || isGood(name)) });
      };
      const wrong: string[] = [];
      const step = (): void => {
        const before = new Map(sites);
        pass(sites, NEW);
        wrong.push(...wrongIn(before, sites, isGood));
      };
      for (const [at, how] of looks.entries()) {
        step();
        observe(how, [names[at % names.length] ?? ""]);
      }
      // In the end every controller has looked.
      const enough = 3 * names.length + 3;
      for (let n = 0; n < enough; n++) {
        step();
        observe("done", names);
      }
      expect(wrong).toEqual([]);
      const bad = fates.findIndex(({ good }) => !good);
      expect(havingImage(sites, NEW)).toEqual(bad < 0 ? names : names.slice(0, bad));
      const said = pass(sites, NEW).flatMap(({ conditions }) => conditions);
      expect(conditionOf(said, "Stalled")?.reason).toBe(bad < 0 ? undefined : "RolledBack");

      for (let n = 0; n < enough; n++) {
        pass(sites, NEXT);
        observe("done", names);
      }
      expect([...sites.values()].map(({ installed }) => installed)).toEqual(
        names.map((name) => ({ name, image: NEXT })),
      );
    }),
  );
});

const image = bare.images.wekeza;
const before = "wekeza.test/wekeza:000000000001";
const [ACME, BETA] = ["ptn-0123456789abcdef", "ptn-fedcba9876543210"];
const hostTls = { certificate: Buffer.from(WIDE_CERTIFICATE).toString("base64"), key: "a2V5" };

const entry = (clientId: string, partner: string): DedicatedGateways => ({
  clientId,
  partner,
  host: `${clientId}.api.east-africa.openbanking.test`,
  namespace: `stack-east-africa-${clientId}`,
  serving: true,
  image: before,
});

/** Gateways of a partner that all run an image, in the state of a Deployment's status. */
function tenant(clientId: string, partner: string, runs: string, status: object): Tenant {
  const stack = withImage(eastAfrica, runs);
  const objects = renderDedicated(stack, clientId).flatMap((object): [string, Workload][] => {
    const metadata = { ...object.metadata, generation: 1 };
    const is = { Deployment: { observedGeneration: 1, ...status }, Job: { succeeded: 1 } }[object.kind];
    return is ? [[observedKey(object), { ...object, metadata, status: is }]] : [];
  });
  const loadBalancer = { ingress: [{ ip: "192.0.2.7" }] };
  const metadata = { name: "api" };
  const entrance: Workload = { apiVersion: "v1", kind: "Service", metadata, status: { loadBalancer } };
  const observed = new Map([...objects, ["Service api", entrance] as const]);
  return { clientId, partner, dedicated: true, served: true, requests: [], observed };
}

/** All services of the group run the image; acme's gateways got it and have been given up. */
function stuckAtAcme(): World {
  const acme = tenant(ACME, "partners/acme", image, {
    ...READY,
    updatedReplicas: 0,
    conditions: [{ ...TIMED_OUT, message: 'ReplicaSet "gateway-6d4c" has timed out progressing.' }],
  });
  const beta = tenant(BETA, "partners/beta", before, READY);
  const region = bare.region && { ...bare.region, observed: running(), tenants: [acme, beta] };
  return { ...bare, region, hostTls };
}

test("gateways that do not get ready go back, those of the next partner wait, and the group's services go on", async () => {
  const dedicated = [entry(ACME, "partners/acme"), entry(BETA, "partners/beta")];
  const of = { ...group, status: { active: "ke", image, dedicated } };
  const { status, objects } = plan(of, stuckAtAcme(), now);
  const images = objects
    .filter(({ object }) => object.kind === "Deployment")
    .map(({ object: { metadata }, object }) => [`${metadata.namespace}/${metadata.name}`, imageOf(object)]);
  const said = { images: Object.fromEntries(images), status };
  await expect(stringify(said)).toMatchFileSnapshot("golden/own-gateways-rolled-back.yaml");
  expect(status.image).toBe(image);
});

test("a group whose partner has gateways that were rolled back holds up the next", () => {
  const dedicated = [{ ...entry(ACME, "partners/acme"), failedImage: image }];
  const first = installedOf({ ...group, status: { image, dedicated } });
  expect(first).toEqual({ name: "east-africa", image: before, failedImage: image });
  const second = { name: "europe", image: before };
  expect(turnOf(second, image, [first])).toEqual({ image: before, held: first });
  const upgraded = { ...group, status: { image, dedicated: [{ ...entry(ACME, "partners/acme"), image }] } };
  expect(turnOf(second, image, [installedOf(upgraded)])).toEqual({ image, from: before });
});
