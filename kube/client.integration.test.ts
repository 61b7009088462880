import { afterAll, beforeAll, expect, test } from "vitest";

import type { Client } from "./client.ts";
import { conflictsOf, isAlreadyExists, isConflict, isKindMissing, isOtherObject } from "./error.ts";
import { resource } from "./object.ts";
import type { ConfigMap } from "./resources.ts";
import { certificateSigningRequests, configMaps, pods, serviceAccounts } from "./resources.ts";
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

const configMap = (name: string, data: Record<string, string> = {}): ConfigMap => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { namespace, name },
  data,
});
const fieldManager = "test";

test("an apply creates, then updates, and removes what it no longer names", async () => {
  const first = await client.apply(configMaps, configMap("a", { x: "1", y: "2" }), { fieldManager });
  expect(first.created).toBe(true);
  const second = await client.apply(configMaps, configMap("a", { x: "3" }), { fieldManager });
  expect(second.created).toBe(false);
  expect((await client.get(configMaps, { namespace, name: "a" }))?.data).toEqual({ x: "3" });
});

test("a missing object is undefined, a missing kind is an error", async () => {
  expect(await client.get(configMaps, { namespace, name: "none" })).toBeUndefined();
  const unknown = resource({ apiVersion: "example.org/v1", kind: "None", plural: "nones", namespaced: true });
  await expect(client.get(unknown, { namespace, name: "none" })).rejects.toSatisfy(isKindMissing);
});

test("a second create says that the object exists", async () => {
  await client.create(configMaps, configMap("twice"), { fieldManager });
  await expect(client.create(configMaps, configMap("twice"), { fieldManager })).rejects.toSatisfy(
    isAlreadyExists,
  );
});

test("a field that another manager holds is a conflict that names it", async () => {
  await client.apply(configMaps, configMap("held", { x: "1" }), { fieldManager: "somebody" });
  const error: unknown = await client
    .apply(configMaps, configMap("held", { x: "2" }), { fieldManager })
    .catch((refusal: unknown) => refusal);
  expect(conflictsOf(error)).toEqual(new Map([["somebody", [".data.x"]]]));
});

test("an apply that names the UID of a predecessor changes nothing, whether there is a successor or not", async () => {
  const uid = crypto.randomUUID();
  const stale = (name: string): ConfigMap => ({
    ...configMap(name, { x: "1" }),
    metadata: { namespace, name, uid },
  });
  await client.apply(configMaps, configMap("uid"), { fieldManager });
  await expect(client.apply(configMaps, stale("uid"), { fieldManager })).rejects.toSatisfy(isOtherObject);
  await expect(client.apply(configMaps, stale("gone"), { fieldManager })).rejects.toSatisfy(isOtherObject);
});

test("REL-06 a delete with the UID of a predecessor is refused", async () => {
  const old = await client.create(configMaps, configMap("heir"), { fieldManager });
  expect(await client.delete(configMaps, { namespace, name: "heir" })).toBe("gone");
  await client.create(configMaps, configMap("heir"), { fieldManager });
  const stale = client.delete(configMaps, { namespace, name: "heir" }, { uid: old.metadata.uid });
  await expect(stale).rejects.toSatisfy(isConflict);
  expect(await client.delete(configMaps, { namespace, name: "never" })).toBeUndefined();
});

test("an object with a finalizer stays after its delete", async () => {
  const held = {
    ...configMap("final"),
    metadata: { namespace, name: "final", finalizers: ["example.org/hold"] },
  };
  await client.create(configMaps, held, { fieldManager });
  expect(await client.delete(configMaps, { namespace, name: "final" })).toBe("terminating");
});

test("a list reads all pages", async () => {
  const other = await server.newNamespace();
  const names = Array.from({ length: 25 }, (_, index) => `page-${index}`);
  await Promise.all(
    names.map((name) =>
      client.create(
        configMaps,
        { ...configMap(name), metadata: { namespace: other, name } },
        { fieldManager },
      ),
    ),
  );
  const { items, resourceVersion } = await client.list(configMaps, { namespace: other, limit: 10 });
  expect(items.map(({ metadata }) => metadata.name).toSorted()).toEqual(names.toSorted());
  expect(items[0]?.kind).toBe("ConfigMap");
  expect(Number(resourceVersion)).toBeGreaterThan(0);
});

test("a metadata-only list has no data", async () => {
  await client.apply(configMaps, configMap("lean", { secret: "x" }), { fieldManager });
  const { items } = await client.list(configMaps, { namespace, metadataOnly: true });
  const lean = items.find(({ metadata }) => metadata.name === "lean");
  expect(lean?.kind).toBe("ConfigMap");
  expect(lean).not.toHaveProperty("data");
});

test("a watch sees a change after the version it starts from", async () => {
  const { resourceVersion } = await client.list(configMaps, { namespace });
  const changed = await client.apply(configMaps, configMap("seen", { x: "1" }), { fieldManager });
  for await (const event of client.watch(configMaps, { namespace, resourceVersion })) {
    if (event.type === "BOOKMARK") continue;
    expect([event.type, event.object.metadata.uid]).toEqual(["ADDED", changed.object.metadata.uid]);
    break;
  }
});

test("a token can be asked for a service account, and is good for requests", async () => {
  const { apiVersion, kind } = serviceAccounts;
  const key = { namespace, name: "robot" };
  await client.apply(serviceAccounts, { apiVersion, kind, metadata: key }, { fieldManager });
  const { status } = await client.createSubresource<{ status: { token: string } }>(
    serviceAccounts,
    key,
    "token",
    {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { expirationSeconds: 600 },
    },
  );
  expect(status.token.split(".")).toHaveLength(3);
});

test("a certificate request is approved through its subresource", async () => {
  const { apiVersion, kind } = certificateSigningRequests;
  const request = Buffer.from(CSR).toString("base64");
  const created = await client.create(certificateSigningRequests, {
    apiVersion,
    kind,
    metadata: { name: "robot" },
    spec: { request, signerName: "example.org/test", usages: ["client auth"] },
  });
  const approved = await client.replace(
    certificateSigningRequests,
    {
      ...created,
      status: { conditions: [{ type: "Approved", status: "True", reason: "Test", message: "By a test." }] },
    },
    { subresource: "approval" },
  );
  expect(approved.status?.conditions?.[0]?.type).toBe("Approved");
});

test("a closed client says that it is closed", async () => {
  const closed = server.client();
  await closed.close();
  await expect(closed.get(pods, { namespace, name: "x" })).rejects.toMatchObject({
    reason: expect.any(String),
  });
});

const CSR = `-----BEGIN CERTIFICATE REQUEST-----
MIHKMHICAQAwEDEOMAwGA1UEAwwFcm9ib3QwWTATBgcqhkjOPQIBBggqhkjOPQMB
BwNCAASRbK33wxtTbwb1V6iMEN1Suh3J8jkQHnXRerPrKVQIWvoIbAoVMbdJDdUW
YJO/HOMMrdhSJhXl/LIWIwGSkPijoAAwCgYIKoZIzj0EAwIDSAAwRQIgOpHRRxET
lGKBHGvShFtmsjls3QTtrPrzO8CB+jACkV8CIQDqKlQeNqRtv/tkZQcDNttSXatn
me6OzEhpQDPp6mhVyw==
-----END CERTIFICATE REQUEST-----
`;
