import { X509Certificate } from "node:crypto";
import type { AddressInfo } from "node:net";
import { connect } from "node:tls";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CONTEXT_HEADER, encodeContext } from "./context.ts";
import { fileIdentity } from "./identity.ts";
import { createLog } from "./logger.ts";
import { createUpstream, UpstreamError, type Upstream } from "./mtls-client.ts";
import { contextOf, createServiceApp, onlyFrom } from "./mtls-server.ts";
import { ObukError } from "./obuk-error.ts";
import {
  fixedIdentity,
  identityFolder,
  testAuthority,
  type IdentityFolder,
  type TestAuthority,
} from "./testing/authority.ts";

const log = createLog("test", { level: "silent" });
let authority: TestAuthority;
let folder: IdentityFolder;
let app: FastifyInstance;
let port: number;
const upstreams: Upstream[] = [];

const as = async (service: string, from: TestAuthority = authority): Promise<Upstream> => {
  const identity = fixedIdentity(await from.service(service), authority.ca);
  const upstream = createUpstream({ identity, origin: `https://127.0.0.1:${port}`, serverName: "consent" });
  upstreams.push(upstream);
  return upstream;
};

beforeAll(async () => {
  authority = await testAuthority("services of ke");
  folder = identityFolder(await authority.service("consent"), authority.ca);
  const identity = fileIdentity(folder.path, { log, everyMs: 20 });
  app = createServiceApp({ log, namespace: "stack-ke", allow: ["gateway", "oauth"], identity });
  app.get("/who", async (request) => ({ peer: request.peer, id: request.interactionId }));
  app.get("/internal/secret", { preHandler: onlyFrom("oauth") }, async () => ({ ok: true }));
  app.get("/open-banking/v4.0/context", async (request) => contextOf(request));
  app.get("/open-banking/v4.0/refuse", async () => {
    throw new ObukError(400, { reason: "NotFound", message: "No consent x." });
  });
  app.get("/open-banking/v4.0/crash", async () => {
    throw new Error("password=hunter2 at store.ts:12");
  });
  app.get<{ Params: { id: string } }>("/things/:id", async ({ params }) => params);
  app.get("/slow", () => new Promise(() => undefined));
  await app.listen({ port: 0, host: "127.0.0.1" });
  port = (app.server.address() as AddressInfo).port;
});

afterAll(async () => {
  await Promise.all(upstreams.map((upstream) => upstream.close()));
  await app.close();
  folder.remove();
});

test("a neighbour is known by its certificate", async () => {
  const answer = await (await as("gateway")).request({ method: "GET", path: "/who" });
  expect(answer.status).toBe(200);
  expect(answer.json()).toMatchObject({ peer: "gateway", id: answer.headers["x-fapi-interaction-id"] });
});

test("a service that is not on the list is refused, and one on it still only where it may", async () => {
  expect((await (await as("seed")).request({ method: "GET", path: "/who" })).status).toBe(403);
  expect((await (await as("gateway")).request({ method: "GET", path: "/internal/secret" })).status).toBe(403);
  expect((await (await as("oauth")).request({ method: "GET", path: "/internal/secret" })).status).toBe(200);
});

const ACME = "ptn-0123456789abcdef";
const asGatewayIn = async (namespace: string): Promise<Upstream> => {
  const material = await authority.issue({ commonName: `gateway.${namespace}`, dns: ["gateway"] });
  const identity = fixedIdentity(material, authority.ca);
  const upstream = createUpstream({ identity, origin: `https://127.0.0.1:${port}`, serverName: "consent" });
  upstreams.push(upstream);
  return upstream;
};

test.each([
  { whose: "the group's", namespace: "stack-ke", speaksFor: "ptn-aaaaaaaaaaaaaaaa", status: 200 },
  { whose: "a partner's own", namespace: `stack-ke-${ACME}`, speaksFor: ACME, status: 200 },
  { whose: "a partner's own", namespace: `stack-ke-${ACME}`, speaksFor: "ptn-aaaaaaaaaaaaaaaa", status: 403 },
  { whose: "another group's partner's own", namespace: `stack-eu-${ACME}`, speaksFor: ACME, status: 403 },
  { whose: "a longer name's", namespace: `stack-ke-x-${ACME}`, speaksFor: ACME, status: 403 },
])(
  "$whose gateway that speaks for $speaksFor is answered with $status",
  async ({ namespace, speaksFor, status }) => {
    const headers = {
      [CONTEXT_HEADER]: encodeContext({
        clientId: speaksFor,
        partnerName: "A",
        scope: "accounts",
        interactionId: "i",
      }),
    };
    const gateway = await asGatewayIn(namespace);
    const path = "/open-banking/v4.0/context";
    expect((await gateway.request({ method: "GET", path, headers })).status).toBe(status);
  },
);

test("the same name under another authority, or in another namespace, gets nothing", async () => {
  const foreign = await as("gateway", await testAuthority("somebody else"));
  await expect(foreign.request({ method: "GET", path: "/who" })).rejects.toThrow(UpstreamError);
  const elsewhere = await authority.issue({ commonName: "gateway.stack-eu", dns: ["gateway"] });
  const identity = fixedIdentity(elsewhere, authority.ca);
  const upstream = createUpstream({ identity, origin: `https://127.0.0.1:${port}`, serverName: "consent" });
  upstreams.push(upstream);
  expect((await upstream.request({ method: "GET", path: "/who" })).status).toBe(403);
});

test("a context is believed from the gateway only", async () => {
  const context = { clientId: "c", partnerName: "A", scope: "accounts", interactionId: "i" };
  const headers = { [CONTEXT_HEADER]: encodeContext(context) };
  const call = { method: "GET", path: "/open-banking/v4.0/context", headers } as const;
  expect((await (await as("gateway")).request(call)).json()).toEqual(context);
  expect((await (await as("oauth")).request(call)).status).toBe(403);
});

test("errors speak the dialect of the path, and never tell what broke inside", async () => {
  const upstream = await as("gateway");
  const refused = await upstream.request({ method: "GET", path: "/open-banking/v4.0/refuse" });
  expect(refused).toMatchObject({ status: 400 });
  expect(refused.json()).toMatchObject({ Errors: [{ ErrorCode: "U011", Message: "No consent x." }] });
  const crashed = await upstream.request({ method: "GET", path: "/open-banking/v4.0/crash" });
  expect(crashed.status).toBe(500);
  expect(crashed.body.toString()).not.toMatch(/hunter2|store\.ts/);
  const missing = await upstream.request({ method: "GET", path: "/nowhere" });
  expect(missing.headers["content-type"]).toContain("application/problem+json");
});

test("an id never holds U+0000, which no store takes", async () => {
  const upstream = await as("gateway");
  const answer = await upstream.request({ method: "GET", path: "/things/a%00b" });
  expect(answer.json()).toEqual({ id: "a\ufffdb" });
});

test("a call without an answer ends at its deadline", async () => {
  const upstream = await as("gateway");
  await expect(upstream.request({ method: "GET", path: "/slow", deadlineMs: 50 })).rejects.toMatchObject({
    reason: "DeadlineExceeded",
  });
});

test("a renewed certificate is shown to the next connection, without a restart", async () => {
  const serial = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1", ca: authority.ca, servername: "consent" }, () => {
        resolve(new X509Certificate(socket.getPeerCertificate().raw).serialNumber);
        socket.destroy();
      });
      socket.on("error", reject);
    });
  const before = await serial();
  folder.write(await authority.service("consent"), authority.ca);
  await expect.poll(serial, { timeout: 5_000 }).not.toBe(before);
});
