import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { failoverGroups } from "../crds/resources.ts";
import type { KubeObject } from "../kube/object.ts";
import { deployments, pods, statefulSets } from "../kube/resources.ts";
import { until } from "../local/wait.ts";
import { type Bank, enrolPartner, groupNamed, openBank } from "./support/bank.ts";
import { inAnyCase } from "./support/in-any-case.ts";
import { installedImage, installImage } from "./support/installed-image.ts";
import { nextImage } from "./support/next-image.ts";
import { awaitAllReady } from "./support/ready.ts";
import { leave, readAccounts, type Visitor, visitorAt } from "./support/visitor.ts";

/** In the order in which they take a new image, each with the cluster it is in. */
const GROUPS = [
  { name: "east-africa", cluster: "ke" },
  { name: "europe", cluster: "eu" },
] as const;
/** How often each visitor calls, in ms. */
const CALL_MS = 100;
/** How often is looked what services run, in ms. */
const LOOK_MS = 200;

interface Pod extends KubeObject {
  readonly status?: {
    readonly containerStatuses?: readonly { readonly image: string; readonly restartCount: number }[];
  };
}

interface Workload extends KubeObject {
  readonly spec: {
    readonly replicas: number;
    readonly template: {
      readonly spec: {
        readonly containers: readonly { readonly image: string }[];
        readonly initContainers?: readonly { readonly image: string }[];
      };
    };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly readyReplicas?: number;
  };
}

let bank: Bank;
let visitors: readonly Visitor[] = [];
let original: string;
let broken: string;

beforeAll(async () => {
  bank = await openBank();
  original = await installedImage(bank);
  broken = await nextImage({ "runtime/consent/main.ts": 'throw new Error("broken on purpose");\n' });
  const partner = await enrolPartner(bank, "upgrade");
  visitors = await Promise.all(GROUPS.map(({ name }) => visitorAt(bank, groupNamed(bank, name), partner)));
}, 120_000);

// The platform is left with the next version, which does what the present one does; only a broken one is taken back.
afterAll(async () => {
  if (bank === undefined) return;
  await inAnyCase(
    async () => (await installedImage(bank)) === broken && upgraded(original),
    ...visitors.map((visitor) => () => leave(bank, visitor)),
    () => bank.close(),
  );
}, 600_000);

/** The services that run an image, as `group/name`, and those of them that are all there with it. */
async function servicesWith(image: string) {
  const services = await Promise.all(
    GROUPS.map(async ({ name: group, cluster }) => {
      const place = { namespace: `stack-${group}` };
      const client = bank.clients[cluster];
      const lists = await Promise.all([client.list(deployments, place), client.list(statefulSets, place)]);
      return lists.flatMap(({ items }) => items).map((each) => serviceOf(group, each));
    }),
  );
  const running = services.flat().filter(({ images }) => images.includes(image));
  const names = (some: typeof running): readonly string[] => some.map(({ name }) => name).toSorted();
  return { running: names(running), whole: names(running.filter((each) => each.whole)) };
}

function serviceOf(group: string, object: KubeObject) {
  const { metadata, spec, status = {} } = object as Workload;
  const { containers, initContainers = [] } = spec.template.spec;
  const { observedGeneration, replicas = 0, updatedReplicas = 0, readyReplicas = 0 } = status;
  return {
    name: `${group}/${metadata.name}`,
    images: [...containers, ...initContainers].map(({ image }) => image),
    // While an old pod is still there it counts as ready; so all there are must be.
    whole:
      observedGeneration === metadata.generation &&
      updatedReplicas >= spec.replicas &&
      readyReplicas === replicas,
  };
}

async function upgraded(image: string): Promise<void> {
  await installImage(bank, image);
  await until(
    async () => {
      const { items } = await bank.clients.hub.list(failoverGroups);
      return GROUPS.every(({ name }) =>
        items.some((each) => each.metadata.name === name && each.status?.image === image),
      );
    },
    { timeout: 500_000, every: 500, what: `every group to run ${image}` },
  );
  await awaitAllReady(bank, 120_000);
}

/** Calls as partners do while something is done. @returns how many calls there were, and what went wrong. */
async function whileCalling(work: () => Promise<void>) {
  const done = new AbortController();
  let calls = 0;
  const failures: string[] = [];
  const calling = visitors.map(async (visitor) => {
    while (!done.signal.aborted) {
      const at = new Date().toISOString();
      const { status, body } = await readAccounts(visitor).catch((error: unknown) => ({
        status: 0,
        body: String(error),
      }));
      calls += 1;
      if (status !== 200) failures.push(`${at} ${visitor.session.group.name} ${status} ${body}`);
      await pause(CALL_MS);
    }
  });
  try {
    await work();
  } finally {
    done.abort();
    await Promise.all(calling);
  }
  return { calls, failures };
}

test("an image that does not start halts at the first service of the first group, and no caller notices", async () => {
  const { calls, failures } = await whileCalling(async () => {
    await installImage(bank, broken);
    const restarts = async () => {
      const { items } = await bank.clients.ke.list(pods, { namespace: "stack-east-africa" });
      return (items as readonly Pod[]).some(({ status }) =>
        status?.containerStatuses?.some((each) => each.image === broken && each.restartCount >= 2),
      );
    };
    await until(restarts, { timeout: 180_000, every: 500, what: "consent to crash twice" });
    const { running, whole } = await servicesWith(broken);
    expect(running).toEqual(["east-africa/consent", "east-africa/redis"]);
    expect(whole).toEqual(["east-africa/redis"]);
  });
  expect(failures).toEqual([]);
  expect(calls).toBeGreaterThan(0);
}, 300_000);

test("the next image goes through groups and services one after the other, and no caller notices", async () => {
  const next = await nextImage({ NEXT: `after ${original}\n` });
  const looking = new AbortController();
  const { calls, failures } = await whileCalling(async () => {
    const order = orderOfUpgrade(next, looking.signal);
    const start = performance.now();
    await upgraded(next);
    looking.abort();
    const { begun, early } = await order;
    console.log(`${begun.join(", ")} replaced in ${Math.round((performance.now() - start) / 1000)} s`);
    expect(early).toEqual([]);
    const groups = begun.map((name) => name.replace(/\/.*/, ""));
    expect(groups).toEqual(groups.toSorted());
    expect(begun.length).toBeGreaterThan(GROUPS.length);
  });
  console.log(`${calls} calls meanwhile`);
  expect(failures).toEqual([]);
}, 700_000);

/** Looks on while services take an image. `early` are those that began before all that had begun were once whole. */
async function orderOfUpgrade(image: string, stop: AbortSignal) {
  const begun: string[] = [];
  const early: string[] = [];
  const once = new Set<string>();
  let fresh: readonly string[] = [];
  while (!stop.aborted) {
    const { running, whole } = await servicesWith(image);
    for (const name of whole) once.add(name);
    // A look sees one service after the other, so what began in the last one is judged by this one.
    early.push(
      ...fresh.filter((name) => begun.slice(0, begun.indexOf(name)).some((each) => !once.has(each))),
    );
    fresh = running.filter((name) => !begun.includes(name));
    begun.push(...fresh);
    await pause(LOOK_MS);
  }
  return { begun, early };
}
