import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { GatewayLoad } from "../../crds/gateway-load.ts";
import { conditionOf } from "../../kube/condition.ts";
import { CALM_MS, loadOf, REQUESTS_PER_POD } from "./load.ts";
import { plan } from "./plan.ts";
import { bare, group, running } from "./testing/world.ts";
import type { World } from "./world.ts";

const start = new Date("2026-11-22T18:00:00Z");
const after = (ms: number): Date => new Date(start.getTime() + ms);
const sizes = { minReplicas: 2, maxReplicas: 20 };

describe("the fewest gateways", () => {
  test("rise at once with what is reported, to the Region's bound", () => {
    expect(loadOf(sizes, [900, 800], undefined, start)).toEqual({ requestsPerSecond: 1_700, minReplicas: 2 });
    const two = { requestsPerSecond: 1_700, minReplicas: 2 };
    expect(loadOf(sizes, [4_100, 4_000], two, start)).toEqual({ requestsPerSecond: 8_100, minReplicas: 9 });
    expect(loadOf(sizes, [90_000], two, start)?.minReplicas).toBe(20);
  });

  test("come down by one for every five calm minutes, and not while one pod fewer would be busy", () => {
    const nine: GatewayLoad = { requestsPerSecond: 8_100, minReplicas: 9 };
    const busy = loadOf(sizes, [7_000], nine, start);
    expect(busy).toEqual({ requestsPerSecond: 7_000, minReplicas: 9 });
    const calm = loadOf(sizes, [100], nine, start);
    expect(calm).toEqual({ requestsPerSecond: 100, minReplicas: 9, calmSince: start.toISOString() });
    expect(loadOf(sizes, [100], calm, after(CALM_MS - 1))).toEqual(calm);
    const eight = loadOf(sizes, [100], calm, after(CALM_MS));
    expect(eight).toMatchObject({ minReplicas: 8, calmSince: after(CALM_MS).toISOString() });
    expect(loadOf(sizes, [8_000], calm, after(1_000))).toEqual({ requestsPerSecond: 8_000, minReplicas: 9 });
  });

  test("stay where they are while nobody reports, within new bounds", () => {
    const nine: GatewayLoad = { requestsPerSecond: 8_100, minReplicas: 9 };
    expect(loadOf(sizes, [], nine, after(86_400_000))).toEqual(nine);
    expect(loadOf({ minReplicas: 1, maxReplicas: 4 }, [], nine, start)?.minReplicas).toBe(4);
    expect(loadOf(sizes, [], undefined, start)).toBeUndefined();
  });

  test("whatever happens: within bounds, enough for what is reported, down by one in five minutes, steady at a steady rate", () => {
    const step = fc.record({ rate: fc.nat(30_000), seconds: fc.nat(600) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
        let [load, at, fell]: [GatewayLoad | undefined, number, number] = [undefined, 0, -CALM_MS];
        for (const { rate, seconds } of steps) {
          at += seconds * 1_000;
          const next = loadOf(sizes, [rate], load, after(at));
          const [pods, before] = [next?.minReplicas ?? 0, load?.minReplicas ?? 0];
          expect(pods).toBeGreaterThanOrEqual(2);
          expect(pods).toBeLessThanOrEqual(20);
          expect(pods).toBeGreaterThanOrEqual(Math.min(20, Math.ceil(rate / REQUESTS_PER_POD)));
          expect(pods).toBeGreaterThanOrEqual(before - 1);
          const down = pods < before;
          expect(down ? at - fell : CALM_MS).toBeGreaterThanOrEqual(CALM_MS);
          if (down) fell = at;
          expect(loadOf(sizes, [rate], next, after(at))).toEqual(next);
          load = next;
        }
      }),
    );
  });
});

describe("a group whose gateways have much to do", () => {
  const world = (requests: readonly number[]): World => ({
    ...bare,
    ...(bare.region ? { region: { ...bare.region, observed: running(), requests } } : {}),
  });
  const floorIn = ({ objects }: ReturnType<typeof plan>) =>
    objects.flatMap(({ object }) =>
      object.kind === "HorizontalPodAutoscaler" && object.metadata.name === "gateway"
        ? [(object as unknown as { readonly spec: unknown }).spec]
        : [],
    );

  test("has an autoscaler that begins higher, and says why", () => {
    const made = plan(group, world([1_200, 900]), start);
    expect(floorIn(made)).toMatchObject([{ minReplicas: 3, maxReplicas: 3 }]);
    expect(made.status.load).toEqual({ requestsPerSecond: 2_100, minReplicas: 3 });
    expect(conditionOf(made.status.conditions, "LoadCovered")).toMatchObject({
      status: "True",
      message:
        "Its gateways take about 2100 requests a second, so at least 3 pods run, one for each 1000; Region ke says 1 to 3.",
    });
  });

  test("says which bound to raise when the Region allows too few", () => {
    const { status } = plan(group, world([9_000]), start);
    expect(conditionOf(status.conditions, "LoadCovered")).toMatchObject({
      status: "False",
      reason: "LoadAboveMaximum",
      message: expect.stringContaining("raise its spec.runtime.gateway.maxReplicas"),
    });
  });

  test("says so of a partner's own gateways too, by its name", () => {
    const tenant = {
      clientId: "ptn-0123456789abcdef",
      partner: "partners/acme",
      dedicated: true,
      observed: new Map(),
      served: true,
      requests: [9_000],
    };
    const { region, ...rest } = world([100]);
    const { clientId, partner } = tenant;
    const runs = { clientId, partner, namespace: `stack-east-africa-${clientId}`, serving: true };
    const { status } = plan(
      { ...group, status: { dedicated: [runs] } },
      { ...rest, ...(region && { region: { ...region, tenants: [tenant] } }) },
      start,
    );
    expect(conditionOf(status.conditions, "LoadCovered")).toMatchObject({
      reason: "LoadAboveMaximum",
      message: expect.stringMatching(/^The gateways of partners\/acme take about 9000 requests a second/),
    });
  });

  test("keeps its floor while its stack is held as it is", () => {
    const busy = { ...group, status: { conditions: [], load: { requestsPerSecond: 2_100, minReplicas: 3 } } };
    const { hostTls: _, ...uncertified } = world([100]);
    const held = plan(busy, uncertified, start);
    expect(held.hold).toBe(true);
    expect(held.status.load).toEqual(busy.status.load);
  });

  test("says nothing, and changes nothing, at a rate that its Region's least takes", () => {
    const made = plan(group, world([0]), start);
    expect(floorIn(made)).toMatchObject([{ minReplicas: 1 }]);
    expect(conditionOf(made.status.conditions, "LoadCovered")).toBeUndefined();
  });
});
