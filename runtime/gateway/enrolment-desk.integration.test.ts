import { afterAll, beforeAll, expect, test } from "vitest";
import { ENROLMENT_PACE_MS, enrolmentIn, enrolmentName } from "../../crds/enrolment.ts";
import { type Client, createClient } from "../../kube/client.ts";
import { kubeconfigCredentials } from "../../kube/kubeconfig.ts";
import { shardName } from "../../crds/shard.ts";
import { configMaps, leases, namespaces } from "../../kube/resources.ts";
import { type ControlPlane, startControlPlane } from "../../local/testing/control-plane.ts";
import { ACME } from "../service/testing/signed.ts";
import { createEnrolmentDesk } from "./enrolment-desk.ts";

const namespace = "stack-ke";
const over = "A".repeat(43);
const shard = { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name: shardName(ACME) } };
let plane: ControlPlane;
let client: Client;
let wall = Date.parse("2026-11-22T18:00:00Z");
let monotonic = 0;

beforeAll(async () => {
  plane = await startControlPlane();
  client = createClient(kubeconfigCredentials(plane.kubeconfig, { trusted: false }), { userAgent: "test" });
  await client.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  await client.create(configMaps, shard);
});

afterAll(async () => {
  await client.close();
  await plane.stop();
});

/** A gateway that has seen nothing yet. */
const desk = () => createEnrolmentDesk({ client, namespace, now: () => wall, clock: () => monotonic });
const laid = () => client.get(leases, { namespace, name: enrolmentName(ACME) });

function passes(ms: number): void {
  wall += ms;
  monotonic += ms;
}

test("a request is laid once, whichever gateway is asked, and another one waits for a minute", async () => {
  const [one, other] = [desk(), desk()];
  expect(await one.ask(ACME, { csr: "first", over })).toEqual({ asked: true });
  expect(enrolmentIn(await laid())).toEqual({ csr: "first", over });
  const version = (await laid())?.metadata.resourceVersion;
  // In the same second neither gateway asks the API server again.
  expect(await one.ask(ACME, { csr: "first", over })).toEqual({ asked: true });
  expect(await one.ask(ACME, { csr: "second", over })).toEqual({ asked: false, retryAfter: 1 });
  expect(await other.ask(ACME, { csr: "first", over })).toEqual({ asked: true });
  passes(20_000);
  expect(await other.ask(ACME, { csr: "second", over })).toEqual({ asked: false, retryAfter: 40 });
  // That it was not laid stays true when it is asked again at once.
  expect(await other.ask(ACME, { csr: "second", over })).toEqual({ asked: false, retryAfter: 1 });
  expect((await laid())?.metadata.resourceVersion).toBe(version);
  passes(ENROLMENT_PACE_MS);
  expect(await one.ask(ACME, { csr: "second", over })).toEqual({ asked: true });
  expect(enrolmentIn(await laid())?.csr).toBe("second");
});

test("of two gateways that are asked at the same moment one lays its request", async () => {
  passes(ENROLMENT_PACE_MS);
  const answers = await Promise.all(["third", "fourth"].map((csr) => desk().ask(ACME, { csr, over })));
  expect(answers.filter(({ asked }) => asked)).toHaveLength(1);
  const [won] = answers.flatMap(({ asked }, n) => (asked ? [["third", "fourth"][n]] : []));
  expect(enrolmentIn(await laid())?.csr).toBe(won);
});

test("a gateway whose clock is an hour ahead shuts nobody out for an hour", async () => {
  const ahead = createEnrolmentDesk({
    client,
    namespace,
    now: () => wall + 3_600_000,
    clock: () => monotonic,
  });
  expect(await ahead.ask(ACME, { csr: "fifth", over })).toEqual({ asked: true });
  passes(1_000);
  expect(await desk().ask(ACME, { csr: "sixth", over })).toEqual({ asked: true });
});

test("a request belongs to the partner's shard, with which Kubernetes removes it", async () => {
  const owner = await client.get(configMaps, shard.metadata);
  expect((await laid())?.metadata.ownerReferences).toEqual([
    { apiVersion: "v1", kind: "ConfigMap", name: shard.metadata.name, uid: owner?.metadata.uid },
  ]);
});

test("of a partner whose shard is gone nothing is laid", async () => {
  const gone = "ptn-00000000000000ff";
  expect(await desk().ask(gone, { csr: "first", over })).toEqual({ asked: false, retryAfter: 1 });
  expect(await client.get(leases, { namespace, name: enrolmentName(gone) })).toBeUndefined();
});
