import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "./plain-client.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";

const auditLog = join(tmpdir(), `audit-${process.pid}.log`);
let plane: ControlPlane;

beforeAll(async () => {
  plane = await startControlPlane({ auditLog });
});
afterAll(async () => {
  await plane.stop();
  await rm(auditLog, { force: true });
});

test("the admin may create a namespace, and the audit log names the request", async () => {
  const admin = createClient(plane.kubeconfig);
  const body = { apiVersion: "v1", kind: "Namespace", metadata: { name: "made" } };
  expect(await admin.call("POST", "/api/v1/namespaces", body)).toMatchObject({ status: 201 });
  const lines = (await readFile(auditLog, "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as object);
  expect(lines).toContainEqual(
    expect.objectContaining({ verb: "create", objectRef: expect.objectContaining({ name: "made" }) }),
  );
});

test("another user may do nothing until RBAC says so", async () => {
  const stranger = createClient(await plane.kubeconfigFor("stranger"));
  expect(await stranger.call("GET", "/api/v1/namespaces")).toMatchObject({ status: 403 });
});

test("a restarted API server still has what was written", async () => {
  const admin = createClient(plane.kubeconfig);
  const body = { apiVersion: "v1", kind: "Namespace", metadata: { name: "kept" } };
  await admin.call("POST", "/api/v1/namespaces", body);
  await plane.restartApiServer();
  expect(await admin.call("GET", "/api/v1/namespaces/kept")).toMatchObject({ status: 200 });
});
