import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { createClient } from "../../kube/client.ts";
import { kubeconfigCredentials } from "../../kube/kubeconfig.ts";
import { configMaps, secrets } from "../../kube/resources.ts";
import { startControlPlane } from "../testing/control-plane.ts";
import { encryption } from "./encryption.ts";

/** Every byte below a folder: etcd's log of writes and its database. */
async function bytesIn(folder: string): Promise<Buffer> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Buffer.concat(await Promise.all(files.map((file) => readFile(file))));
}

test("what is secret stands nowhere on etcd's disk in clear, and what is public does", async () => {
  const dir = await mkdtemp(join(tmpdir(), "at-rest-"));
  const file = join(dir, "encryption.yaml");
  await writeFile(file, stringify(encryption(randomBytes(32).toString("base64"))), { mode: 0o600 });
  const apiServerArgs = [`--encryption-provider-config=${file}`];
  const plane = await startControlPlane({ dir, apiServerArgs });
  const client = createClient(kubeconfigCredentials(plane.kubeconfig, { trusted: false }), {
    userAgent: "test",
  });
  try {
    const [secret, known] = [randomBytes(24).toString("hex"), randomBytes(24).toString("hex")];
    const metadata = { namespace: "default", name: "canary" };
    const data = { key: Buffer.from(secret).toString("base64") };
    await client.create(secrets, { apiVersion: "v1", kind: "Secret", metadata, data });
    // Without a canary that is found, one that is not would prove nothing.
    await client.create(configMaps, { apiVersion: "v1", kind: "ConfigMap", metadata, data: { key: known } });
    const disk = await bytesIn(join(dir, "etcd"));
    expect(disk.includes(known)).toBe(true);
    expect(disk.includes(secret)).toBe(false);
    expect(disk.includes(data.key)).toBe(false);
    const read = await client.get(secrets, metadata);
    expect(Buffer.from(read?.data?.["key"] ?? "", "base64").toString()).toBe(secret);
  } finally {
    await client.close();
    await plane.stop();
    await rm(dir, { recursive: true, force: true });
  }
});
