import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect, promisify } from "node:util";

import { expect, onTestFinished, test } from "vitest";
import { stringify } from "yaml";

import { inClusterCredentials } from "./in-cluster.ts";
import { kubeconfigCredentials } from "./kubeconfig.ts";

const config = (user: object, cluster: object = {}): string =>
  stringify({
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "k", user: "u", namespace: "n" } }],
    clusters: [{ name: "k", cluster: { server: "https://api:6443", ...cluster } }],
    users: [{ name: "u", user }],
  });
const base64 = (text: string): string => Buffer.from(text).toString("base64");
/** A certificate of its own, and its key, PEM. */
const selfSigned = async (): Promise<{ readonly pem: string; readonly key: string }> => {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", "-"];
  const args = ["req", "-x509", "-nodes", "-subj", "/CN=x", ...key];
  const { stdout } = await promisify(execFile)("openssl", args);
  const [, made = "", pem = ""] = /^([\s\S]*?)(-----BEGIN CERTIFICATE[\s\S]*)$/.exec(stdout) ?? [];
  return { pem, key: made };
};
const folder = async (): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), "kubeconfig-"));
  onTestFinished(() => rm(dir, { recursive: true }));
  return dir;
};

test("inline certificates and tokens are taken as they are", async () => {
  const { pem: ca } = await selfSigned();
  const { pem: cert, key } = await selfSigned();
  const text = config(
    { token: "t", "client-certificate-data": base64(cert), "client-key-data": base64(key) },
    { "certificate-authority-data": base64(ca), "tls-server-name": "kubernetes" },
  );
  const credentials = kubeconfigCredentials(text, { trusted: false });
  expect([credentials.server, credentials.namespace]).toEqual(["https://api:6443", "n"]);
  expect(await credentials.tls()).toMatchObject({ ca, cert, key, serverName: "kubernetes" });
  expect(await credentials.headers()).toEqual({ authorization: "Bearer t" });
});

test.each([
  ["exec", config({ exec: { apiVersion: "client.authentication.k8s.io/v1", command: "evil" } })],
  ["auth-provider", config({ "auth-provider": { name: "oidc" } })],
  ["tokenFile", config({ tokenFile: "/etc/shadow" })],
  ["client-key", config({ "client-key": "/etc/shadow" })],
  ["certificate-authority", config({}, { "certificate-authority": "/etc/shadow" })],
  ["insecure-skip-tls-verify", config({}, { "insecure-skip-tls-verify": true })],
])("a kubeconfig out of a Secret with %s is refused", (part, text) => {
  expect(() => kubeconfigCredentials(text, { trusted: false })).toThrow(part);
});

const http = { server: "http://api.bank.example:8080" };
const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "echo" };
test.each([
  ["a token over http", config({ token: "t" }, http), "in the clear; write https://"],
  ["a password over http", config({ username: "u", password: "p" }, http), "in the clear"],
  ["a token in a file over http", config({ tokenFile: "t" }, http), "in the clear"],
  ["a token of a program over http", config({ exec }, http), "in the clear"],
  [
    "a host that only begins like this machine",
    config({ token: "t" }, { server: "http://127.0.0.1.example" }),
    "in the clear",
  ],
  [
    "a server without a scheme",
    config({ token: "t" }, { server: "10.0.0.1:6443" }),
    "no URL; write it as https://host:6443",
  ],
  [
    "a password in its server",
    config({}, { server: "https://u:hush@api:6443" }),
    "put credentials under users",
  ],
  ["a token of two lines", config({ token: "hush\nhush" }), "no line of text"],
  ["a token that YAML takes for a number", config({ token: 12345 }), "between quotation marks"],
  [
    "a CA that is none",
    config({}, { "certificate-authority-data": base64("hush") }),
    "certificate-authority-data is no PEM certificate",
  ],
  [
    "a client certificate that is none",
    config({ "client-certificate-data": base64("hush") }),
    "client-certificate-data is no PEM certificate",
  ],
  [
    "a client key that is none",
    config({ "client-key-data": base64("hush") }),
    "client-key-data is no PEM private key",
  ],
  ["a map where a list should be", "contexts: {hush: 1}", "contexts are no list"],
])("%s is refused by name, and not quoted", (_, text, why) => {
  const read = () => kubeconfigCredentials(text, { trusted: true, dir: "/" });
  expect(read).toThrow(why);
  expect(read).not.toThrow(/hush/);
});

test("a client key of another certificate is refused", async () => {
  const [{ pem }, { key }] = [await selfSigned(), await selfSigned()];
  const text = config({ "client-certificate-data": base64(pem), "client-key-data": base64(key) });
  expect(() => kubeconfigCredentials(text, { trusted: false })).toThrow(
    "is not the key of its client-certificate",
  );
});

test.each(["http://127.0.0.1:8001", "http://localhost:8001", "http://[::1]:8001"])(
  "a token goes to this machine over http: %s",
  (own) => {
    expect(kubeconfigCredentials(config({ token: "t" }, { server: own }), { trusted: false }).server).toBe(
      own,
    );
  },
);

test("what is said of a broken kubeconfig does not quote it", () => {
  const text = `${config({})}\n    token: hush.secret: x`;
  expect(() => kubeconfigCredentials(text, { trusted: false })).toThrow(/^The kubeconfig is not YAML/);
  expect(() => kubeconfigCredentials(text, { trusted: false })).not.toThrow(/hush/);
});

test("what is said of a credential program that printed something else does not quote it", async () => {
  const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "echo", args: ["hush.secret"] };
  const credentials = kubeconfigCredentials(config({ exec }), { trusted: true, dir: "/" });
  const why = await credentials.headers().catch((error: unknown) => inspect(error));
  expect(why).toContain("echo printed no ExecCredential");
  expect(why).not.toContain("hush");
});

test("a token file is read again when it changes", async () => {
  const dir = await folder();
  await writeFile(join(dir, "token"), "first\n");
  const credentials = kubeconfigCredentials(config({ tokenFile: "token" }), { trusted: true, dir });
  expect(await credentials.headers()).toEqual({ authorization: "Bearer first" });
  await writeFile(join(dir, "token"), "the second\n");
  expect(await credentials.headers()).toEqual({ authorization: "Bearer the second" });
});

test("a credential program is run once, and again after a rejection", async () => {
  const dir = await folder();
  const script = `n=$(cat ${dir}/runs 2>/dev/null || echo 0); n=$((n+1)); echo $n > ${dir}/runs
    echo "{\\"kind\\":\\"ExecCredential\\",\\"status\\":{\\"token\\":\\"run-$n\\"}}"`;
  const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "sh", args: ["-c", script] };
  const credentials = kubeconfigCredentials(config({ exec }), { trusted: true, dir });
  expect(await credentials.headers()).toEqual({ authorization: "Bearer run-1" });
  expect(await credentials.headers()).toEqual({ authorization: "Bearer run-1" });
  credentials.rejected();
  expect(await credentials.headers()).toEqual({ authorization: "Bearer run-2" });
});

test("a missing context, cluster or server is named", () => {
  expect(() => kubeconfigCredentials("", { trusted: false })).toThrow('no context ""');
  expect(() => kubeconfigCredentials(config({}), { trusted: false }, "other")).toThrow('no context "other"');
  expect(() => kubeconfigCredentials(config({}, { server: "" }), { trusted: false })).toThrow("no server");
});

test("a pod's credentials are the files mounted into it", async () => {
  const dir = await folder();
  for (const [name, text] of [
    ["ca.crt", "ca"],
    ["token", "t\n"],
    ["namespace", "ns"],
  ] as const) {
    await writeFile(join(dir, name), text);
  }
  const env = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" };
  const credentials = await inClusterCredentials(env, dir);
  expect([credentials.server, credentials.namespace]).toEqual(["https://[fd00::1]:443", "ns"]);
  expect(await credentials.tls()).toEqual({ ca: "ca" });
  await expect(inClusterCredentials({}, dir)).rejects.toThrow("Not in a pod");
});
