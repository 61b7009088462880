import { afterAll, beforeAll, expect, test } from "vitest";

import type { Client } from "./client.ts";
import { EventRecorder } from "./event-recorder.ts";
import type { KubeObject, Manifest } from "./object.ts";
import { configMaps, events, namespaces } from "./resources.ts";
import type { TestApiServer } from "./testing/api-server.ts";
import { startTestApiServer } from "./testing/api-server.ts";

let server: TestApiServer;
let client: Client;
let namespace: string;

beforeAll(async () => {
  server = await startTestApiServer();
  client = server.client();
  namespace = await server.newNamespace();
});
afterAll(() => server.stop());

const recorder = (): EventRecorder =>
  new EventRecorder({ client, controller: "example.org/test", instance: "test-0" });
const regarding = async (name: string): Promise<KubeObject> => {
  const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name } };
  return (await client.apply(configMaps, object, { fieldManager: "test" })).object;
};
const eventsOf = async (name: string, where = namespace): Promise<readonly Manifest[]> =>
  (await client.list(events, { namespace: where })).items.filter(
    ({ regarding: about }) => (about as { readonly name?: string }).name === name,
  );
const warning = { type: "Warning", reason: "Broken", action: "Reconcile", note: "It is broken." } as const;

test("the same event again adds to its series", async () => {
  const recording = recorder();
  const about = await regarding("twice");
  recording.record({ regarding: about, ...warning });
  await recording.flush();
  recording.record({ regarding: about, ...warning });
  await recording.flush();
  expect(await eventsOf("twice")).toMatchObject([
    { reason: "Broken", note: "It is broken.", series: { count: 2 } },
  ]);
});

test("an event that is gone is told anew when it comes again", async () => {
  const recording = recorder();
  const about = await regarding("expired");
  recording.record({ regarding: about, ...warning });
  await recording.flush();
  const [first] = await eventsOf("expired");
  if (first) await client.delete(events, first.metadata);
  recording.record({ regarding: about, ...warning });
  await recording.flush();
  expect(await eventsOf("expired")).toHaveLength(1);
});

test("one object cannot cause more than a burst", async () => {
  const recording = recorder();
  const about = await regarding("loud");
  for (let index = 0; index < 100; index++)
    recording.record({ regarding: about, ...warning, note: `${index}` });
  await recording.flush();
  expect(await eventsOf("loud")).toHaveLength(25);
});

test("an event about a cluster-scoped object is in the default namespace", async () => {
  const recording = recorder();
  const about = await client.get(namespaces, { name: namespace });
  expect(about).toBeDefined();
  if (about) recording.record({ regarding: about, ...warning });
  await recording.flush();
  expect(await eventsOf(namespace, "default")).toHaveLength(1);
});
