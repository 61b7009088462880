import { describe, expect, test } from "vitest";
import type { DedicatedGateways } from "../../crds/dedicated.ts";
import type { FailoverGroupObject } from "../../crds/resources.ts";
import { renderDedicated } from "../stack/render.ts";
import { eastAfrica as stack } from "../stack/testing/example.ts";
import { observedKey, type Workload } from "./component.ts";
import { dedicatedPlan, DRAIN_MS, MOST_DEDICATED, tenantsOf } from "./dedicated.ts";
import { plan } from "./plan.ts";
import { bare, group, HOST_CERTIFICATE, running, WIDE_CERTIFICATE } from "./testing/world.ts";
import type { Tenant } from "./world.ts";

const now = new Date("2026-11-22T18:00:00Z");
const [SHARED, OWN] = ["192.0.2.1", "192.0.2.7"];
const ACME = "ptn-0123456789abcdef";
const HOST = `${ACME}.api.east-africa.openbanking.test`;
const NAMESPACE = `stack-east-africa-${ACME}`;

const tls = (certificate: string) => ({
  certificate: Buffer.from(certificate).toString("base64"),
  key: "a2V5",
});
const setting = {
  group,
  stack: { ...stack, hostTls: tls(WIDE_CERTIFICATE) },
  sizes: { minReplicas: 1, maxReplicas: 3 },
  hostTls: tls(WIDE_CERTIFICATE),
  shared: SHARED,
  now,
};
const said = (dedicated: readonly DedicatedGateways[], name = "east-africa"): FailoverGroupObject => ({
  ...group,
  metadata: { ...group.metadata, name },
  status: { dedicated: [...dedicated] },
});
const present = {
  clientId: ACME,
  partner: "partners/acme",
  host: HOST,
  namespace: NAMESPACE,
  serving: true,
  image: stack.images.wekeza,
};

/** Its objects as they look with so many gateways available, each ready with what was asked of it. */
function observed(available: number, ready = true): ReadonlyMap<string, Workload> {
  const counts = { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: available };
  const workloads = renderDedicated(setting.stack, ACME).flatMap((object): [string, Workload][] => {
    const metadata = { ...object.metadata, generation: ready ? 1 : 2 };
    const status = { Deployment: counts, Job: { succeeded: 1 } }[object.kind];
    return status ? [[observedKey(object), { ...object, metadata, status }]] : [];
  });
  const entrance: Workload = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "api" },
    status: { loadBalancer: { ingress: [{ ip: OWN }] } },
  };
  return new Map([...workloads, ["Service api", entrance]]);
}

const acme: Tenant = {
  clientId: ACME,
  partner: "partners/acme",
  dedicated: true,
  observed: new Map(),
  served: false,
  requests: [],
};
const planned = (tenant: Partial<Tenant>, prior?: Partial<DedicatedGateways>, more = {}) =>
  dedicatedPlan({ ...setting, group: said(prior ? [{ ...present, ...prior }] : []), ...more }, [
    { ...acme, ...tenant },
  ]);

describe("where the host of a partner leads", () => {
  test.each([
    { when: "nothing is there yet", tenant: {}, prior: undefined, to: SHARED },
    {
      when: "its gateways run without its shard",
      tenant: { observed: observed(1) },
      prior: { serving: false },
      to: SHARED,
    },
    {
      when: "they have its shard",
      tenant: { observed: observed(1), served: true },
      prior: { serving: false },
      to: OWN,
    },
    { when: "a new one of them has not reported yet", tenant: { observed: observed(1) }, prior: {}, to: OWN },
    {
      when: "they are being replaced",
      tenant: { observed: observed(1, false), served: true },
      prior: {},
      to: OWN,
    },
    {
      when: "none of them is available",
      tenant: { observed: observed(0), served: true },
      prior: {},
      to: SHARED,
    },
    {
      when: "one of them is available again, and not yet all",
      tenant: { observed: observed(1, false), served: true },
      prior: { serving: false },
      to: SHARED,
    },
    {
      when: "its tier is shared again",
      tenant: { dedicated: false, observed: observed(1), served: true },
      prior: {},
      to: SHARED,
    },
  ])("when $when: $to", ({ tenant, prior, to }) => {
    const { records, status } = planned(tenant, prior);
    expect(records).toEqual([{ host: HOST, address: to }]);
    expect(status[0]?.serving).toBe(to === OWN);
    expect(status[0]?.host).toBe(HOST);
  });

  test("when the group itself has no address yet: nowhere", () => {
    expect(planned({}, undefined, { shared: undefined }).records).toEqual([]);
  });
});

test("at first everything is made but the Secret, which may be read and written from then on", () => {
  const secrets = (prior?: Partial<DedicatedGateways>) =>
    planned({}, prior).objects.filter(({ kind }) => kind === "Secret").length;
  expect([secrets(), secrets({ serving: false })]).toEqual([0, 1]);
});

describe("back in the tier shared", () => {
  const back = { dedicated: false, observed: observed(1), served: true };

  test("its gateways go on for as long as a call may be on its way to them", () => {
    const { objects, status } = planned(back, {});
    expect(status).toEqual([
      { ...present, serving: false, until: new Date(now.getTime() + DRAIN_MS).toISOString() },
    ]);
    expect(objects.length).toBe(renderDedicated(stack, ACME).length);
  });

  test("a time once said is kept", () => {
    const until = "2026-11-22T18:00:01.000Z";
    expect(planned(back, { serving: false, until }).status[0]?.until).toBe(until);
  });

  test("and when that has passed they are gone, while the host stays and leads to the group's", () => {
    const { objects, records, status } = planned(back, { serving: false, until: "2026-11-22T18:00:00.000Z" });
    expect(objects).toEqual([]);
    expect(records).toEqual([{ host: HOST, address: SHARED }]);
    expect(status).toEqual([{ clientId: ACME, partner: "partners/acme", host: HOST, serving: false }]);
  });

  test("then dedicated again before they went, it keeps them", () => {
    const { status } = planned(
      { observed: observed(1), served: true },
      { serving: false, until: "2026-11-22T18:30:00.000Z" },
    );
    expect(status).toEqual([present]);
  });

  test("a partner that was never dedicated is not spoken of", () => {
    expect(planned({ dedicated: false })).toEqual({ objects: [], records: [], status: [], upgrade: [] });
  });
});

test("a Partner that is no more of the group has nothing at once", () => {
  expect(dedicatedPlan({ ...setting, group: said([present]) }, [])).toEqual({
    objects: [],
    records: [],
    status: [],
    upgrade: [],
  });
});

describe("how many of them run", () => {
  const bounds = (requests: readonly number[], prior: Partial<DedicatedGateways> = {}, minReplicas = 1) => {
    const busyGroup = { stack: { ...setting.stack, gateway: { minReplicas, maxReplicas: 3 } } };
    const { objects, status } = planned({ observed: observed(1), served: true, requests }, prior, busyGroup);
    const scaler = objects.find(({ kind }) => kind === "HorizontalPodAutoscaler");
    return { spec: (scaler as unknown as { readonly spec: unknown }).spec, load: status[0]?.load };
  };

  test("follows what they report themselves, within the Region's bounds", () => {
    const { spec, load } = bounds([900, 700]);
    expect(spec).toMatchObject({ minReplicas: 2, maxReplicas: 3 });
    expect(load).toEqual({ requestsPerSecond: 1_600, minReplicas: 2 });
    expect(bounds([9_000]).spec).toMatchObject({ minReplicas: 3, maxReplicas: 3 });
  });

  test("comes down slowly, and not because they are silent", () => {
    const load = { requestsPerSecond: 1_600, minReplicas: 2 };
    expect(bounds([], { load }).spec).toMatchObject({ minReplicas: 2 });
    expect(bounds([10], { load }).load).toMatchObject({ minReplicas: 2, calmSince: now.toISOString() });
    const calm = { ...load, calmSince: "2026-11-22T17:54:00.000Z" };
    expect(bounds([10], { load: calm }).spec).toMatchObject({ minReplicas: 1 });
  });

  test("does not follow what the group's have to do", () => {
    expect(bounds([10], {}, 3).spec).toMatchObject({ minReplicas: 1 });
  });
});

describe("a partner that cannot have gateways of its own", () => {
  const long = "a-name-of-thirty-characters-xy";
  test.each([
    {
      why: "the host certificate does not cover its host",
      more: { hostTls: tls(HOST_CERTIFICATE) },
      says: `The certificate east-africa of FailoverGroup east-africa is not valid for ${HOST}; renew it for *.api.east-africa.openbanking.test too.`,
    },
    {
      why: "the names together are too long",
      more: { group: said([], long) },
      says: `The name of FailoverGroup ${long} is longer than 29 characters, which is the most for tier dedicated.`,
    },
  ])("because $why is told so, and stays with the group's", ({ more, says }) => {
    const partner = { clientId: ACME, partner: "partners/acme" };
    expect(planned({}, undefined, more)).toEqual({
      objects: [],
      records: [],
      status: [{ ...partner, serving: false, message: says }],
      upgrade: [],
    });
  });

  test("keeps those it has when the certificate loses its host, and is told so", () => {
    const lost = planned({ observed: observed(1), served: true }, {}, { hostTls: tls(HOST_CERTIFICATE) });
    expect(lost.objects).not.toEqual([]);
    expect(lost.status[0]).toMatchObject({
      namespace: NAMESPACE,
      serving: true,
      message: expect.stringContaining("renew it"),
    });
  });

  test("because there are too many is told so; who was first stays", { timeout: 30_000 }, () => {
    const many = Array.from({ length: MOST_DEDICATED + 2 }, (_, at) => `ptn-${String(at).padStart(16, "0")}`);
    const tenants = many.map((clientId) => ({ ...acme, clientId, partner: `partners/${clientId}` }));
    const first = tenantsOf(dedicatedPlan(setting, tenants));
    expect(first).toEqual(many.slice(0, MOST_DEDICATED));
    const [oldest = ""] = many.toReversed();
    const before = said([{ ...present, clientId: oldest, namespace: `stack-east-africa-${oldest}` }]);
    const { status } = dedicatedPlan({ ...setting, group: before }, tenants);
    expect(status.filter(({ namespace }) => namespace !== undefined)).toHaveLength(MOST_DEDICATED);
    expect(status.find(({ clientId }) => clientId === oldest)?.namespace).toBeDefined();
    expect(status.at(-2)?.message).toContain("which is the most; give one back to tier shared");
  });

  test("a hundred of them leave status within its bound", { timeout: 30_000 }, () => {
    const tenants = Array.from({ length: 100 }, (_, at) => ({
      ...acme,
      clientId: `ptn-${String(at).padStart(16, "0")}`,
    }));
    expect(dedicatedPlan(setting, tenants).status).toHaveLength(64);
  });
});

test("they take another image when all services of the group run it", { timeout: 30_000 }, () => {
  const [old, next] = [bare.images.wekeza, "wekeza.test/wekeza:fedcba987654"];
  const services = running();
  const upgraded = new Map(
    [...services].map(([key, live]) => [
      key,
      JSON.parse(JSON.stringify(live).replaceAll(old, next)) as Workload,
    ]),
  );
  const images = (image: string, seen: ReadonlyMap<string, Workload>) => {
    const of = { ...group, status: { image, dedicated: [present] } };
    const region = bare.region && { ...bare.region, observed: seen, tenants: [acme] };
    const world = { ...bare, region, images: { ...bare.images, wekeza: next } };
    const gateways = plan(of, world, now).objects.find(
      ({ object }) => object.kind === "Deployment" && object.metadata.namespace === NAMESPACE,
    );
    return [old, next].filter((each) => JSON.stringify(gateways?.object).includes(each));
  };
  expect(images(old, services)).toEqual([old]);
  expect(images(next, upgraded)).toEqual([next]);
});
