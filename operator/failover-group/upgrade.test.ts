import { expect, test } from "vitest";
import type { FailoverGroupObject } from "../../crds/resources.ts";
import { conditionOf } from "../../kube/condition.ts";
import type { KubeObject } from "../../kube/object.ts";
import { observedKey, type Workload } from "./component.ts";
import { plan } from "./plan.ts";
import { bare, group, running } from "./testing/world.ts";
import type { Neighbour, World } from "./world.ts";

const now = new Date("2026-11-22T18:00:00Z");
const old = bare.images.wekeza;
const next = "wekeza.test/wekeza:fedcba987654";
const neighbour = (change: Partial<Neighbour>): Neighbour => ({
  name: "a",
  created: "2026",
  hosts: [],
  ...change,
});

/** The region with these live objects, wanting the next image. */
function world(observed: ReadonlyMap<string, Workload>, change: Partial<World> = {}): World {
  const region = bare.region ? { region: { ...bare.region, observed } } : {};
  return { ...bare, ...region, images: { ...bare.images, wekeza: next }, ...change };
}

function at(status: FailoverGroupObject["status"]): FailoverGroupObject {
  return { ...group, status };
}

interface Template {
  readonly spec: {
    readonly containers: readonly { readonly image: string }[];
    readonly initContainers?: readonly { readonly image: string }[];
  };
}

const imagesOf = (object: KubeObject): readonly string[] => {
  const { template } = (object as KubeObject & { readonly spec: { readonly template: Template } }).spec;
  return [...template.spec.containers, ...(template.spec.initContainers ?? [])].map(({ image }) => image);
};

/** Services by the platform's own image that they are to run. */
function planned(of: FailoverGroupObject, seen: World) {
  const made = plan(of, seen, now);
  const objects = made.objects
    .map(({ object }) => object)
    .filter(({ kind }) => kind === "Deployment" || kind === "StatefulSet");
  const on = (image: string) =>
    objects.filter((object) => imagesOf(object).includes(image)).map(({ metadata }) => metadata.name);
  return { made, next: on(next), old: on(old) };
}

/** The live stack once what was planned has rolled out; with `stuck`, that Deployment has not. */
function rolledOut(seen: World, made: ReturnType<typeof plan>, stuck?: string): World {
  const observed = new Map(seen.region?.observed);
  for (const { object } of made.objects) {
    const before = observed.get(observedKey(object));
    const status =
      object.kind === "Job"
        ? { succeeded: 1 }
        : object.metadata.name === stuck
          ? {
              ...before?.status,
              availableReplicas: 0,
              conditions: [
                { type: "Progressing", status: "False", message: "It has timed out progressing." },
              ],
            }
          : before?.status;
    if (["Deployment", "StatefulSet", "Job"].includes(object.kind))
      observed.set(observedKey(object), {
        ...object,
        metadata: { ...object.metadata, generation: 1 },
        ...(status ? { status } : {}),
      });
  }
  return world(observed, { neighbours: seen.neighbours });
}

test(
  "an upgrade replaces one service after the other, and says the new image when all run it",
  { timeout: 30_000 },
  () => {
    let seen = world(running());
    let of = at({ image: old });
    const steps: string[] = [];
    for (let pass = 0; pass < 20; pass++) {
      const { made, next: there } = planned(of, seen);
      steps.push(there.join(" "));
      of = at(made.status as FailoverGroupObject["status"]);
      if (of.status?.image === next) break;
      expect(conditionOf(made.status.conditions, "Upgraded")?.reason).toBe("Upgrading");
      seen = rolledOut(seen, made);
    }
    expect(of.status?.image).toBe(next);
    expect(steps[0]).toBe("");
    const sizes = steps.map((step) => (step === "" ? 0 : step.split(" ").length));
    expect(sizes.every((size, index) => index === 0 || size <= (sizes[index - 1] ?? 0) + 1)).toBe(true);
    const last = planned(of, seen);
    expect(last.old).toEqual([]);
    expect(conditionOf(last.made.status.conditions, "Upgraded")).toBeUndefined();
  },
);

test(
  "a service that does not get ready halts the upgrade and takes all back, until another image is wanted",
  { timeout: 30_000 },
  () => {
    let seen = world(running());
    let of = at({ image: old });
    for (let pass = 0; pass < 20 && of.status?.failedImage === undefined; pass++) {
      const made = plan(of, seen, now);
      of = at(made.status as FailoverGroupObject["status"]);
      seen = rolledOut(seen, made, "banking");
    }
    expect(of.status).toMatchObject({ image: old, failedImage: next });
    expect(conditionOf(of.status?.conditions, "Stalled")).toMatchObject({
      reason: "RolledBack",
      message: expect.stringMatching(/^banking: .*timed out progressing.*install another image/),
    });
    expect(planned(of, seen).next).toEqual([]);
    const other = planned(of, { ...seen, images: { ...bare.images, wekeza: "wekeza.test/wekeza:3" } });
    expect(conditionOf(other.made.status.conditions, "Upgraded")?.reason).toBe("Upgrading");
  },
);

test.each([
  [
    "one before it has not taken the image",
    { image: old },
    "waits for FailoverGroup a, which takes it first",
  ],
  [
    "one before it has rolled it back",
    { image: old, failedImage: next },
    "waits for FailoverGroup a, where it was rolled back",
  ],
])("a group keeps its image while %s", (_, change, words) => {
  const { made, next: there } = planned(
    at({ image: old }),
    world(running(), { neighbours: [neighbour(change)] }),
  );
  expect(there).toEqual([]);
  expect(made.status.image).toBe(old);
  expect(conditionOf(made.status.conditions, "Upgraded")?.message).toContain(words);
});

test.each([
  ["has taken it", { image: next }],
  ["was never made", {}],
  ["comes after it", { name: "z", image: old }],
])("a group does not wait for another that %s", (_, change) => {
  const { made } = planned(at({ image: old }), world(running(), { neighbours: [neighbour(change)] }));
  expect(conditionOf(made.status.conditions, "Upgraded")?.reason).toBe("Upgrading");
});

test("a stack that is not there yet begins with the wanted image, all at once", () => {
  const { old: before, made } = planned(group, world(new Map()));
  expect(before).toEqual([]);
  expect(made.status.image).toBe(next);
});

test("an image that a hand put there is put back at once, everywhere", () => {
  const observed = new Map(
    [...running()].map(([key, live]) => [
      key,
      JSON.parse(JSON.stringify(live).replaceAll(old, "x:1")) as Workload,
    ]),
  );
  const { made } = planned(at({ image: old }), { ...world(observed), images: bare.images });
  expect(JSON.stringify(made.objects)).not.toContain("x:1");
});

test("what an upgrade that was given up left behind is replaced one at a time too, the broken one first", () => {
  const broken = "wekeza.test/wekeza:0badc0de0bad";
  const observed = new Map(running());
  const retagged = (key: string, image: string, change: object = {}): void => {
    const live = JSON.parse(JSON.stringify(observed.get(key)).replaceAll(old, image)) as Workload;
    observed.set(key, { ...live, status: { ...live.status, ...change } });
  };
  for (const key of ["StatefulSet redis", "Deployment consent"]) retagged(key, broken);
  retagged("Deployment banking", broken, { updatedReplicas: 1, availableReplicas: 0 });
  let seen = world(observed);
  // The Jobs run first.
  const first = planned(at({ image: old }), seen);
  expect(first.next).toEqual([]);
  for (const { object } of first.made.objects)
    if (object.kind === "Job") observed.set(observedKey(object), { ...object, status: { succeeded: 1 } });
  seen = world(observed);
  const { made, next: there } = planned(at({ image: old }), seen);
  expect(there).toEqual(["banking"]);
  expect(JSON.stringify(made.objects)).toContain(broken);
  expect(conditionOf(made.status.conditions, "Upgraded")?.message).toContain("banking is being replaced");
});

test("a service that is not ready for another reason waits for its turn", () => {
  const observed = new Map(running());
  const key = "Deployment oauth";
  const live = observed.get(key);
  observed.set(key, { ...live, status: { ...live?.status, availableReplicas: 0 } } as Workload);
  let seen = world(observed);
  const { made } = planned(at({ image: old }), seen);
  for (const { object } of made.objects)
    if (object.kind === "Job") observed.set(observedKey(object), { ...object, status: { succeeded: 1 } });
  seen = world(observed);
  expect(planned(at({ image: old }), seen).next).toEqual(["redis"]);
});

test("what is said of the image before is no word on the one that has just been put there", () => {
  const observed = new Map(running());
  const key = "Deployment banking";
  const stuck = {
    observedGeneration: 1,
    availableReplicas: 0,
    conditions: [{ type: "Progressing", status: "False", message: "It has timed out progressing." }],
  };
  const retagged = JSON.parse(JSON.stringify(observed.get(key)).replaceAll(old, next)) as Workload;
  observed.set(key, { ...retagged, metadata: { ...retagged.metadata, generation: 2 }, status: stuck });
  const { made } = planned(at({ image: old }), world(observed));
  expect(made.status.failedImage).toBeUndefined();
  observed.set(key, { ...retagged, metadata: { ...retagged.metadata, generation: 1 }, status: stuck });
  expect(planned(at({ image: old }), world(observed)).made.status.failedImage).toBe(next);
});
