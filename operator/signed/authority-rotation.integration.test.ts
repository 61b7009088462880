import "reflect-metadata";
import { once } from "node:events";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import {
  consentPolicies,
  failoverGroups,
  type PartnerObject,
  partners,
  regions,
} from "../../crds/resources.ts";
import { type Clock, systemClock } from "../../kube/clock.ts";
import { conditionOf } from "../../kube/condition.ts";
import { silent } from "../../kube/logger.ts";
import { createAuthority } from "../../local/toolchain/certificate.ts";
import { until } from "../../local/wait.ts";
import { createListener, type Listener } from "../../runtime/gateway/listener.ts";
import { APPROVAL_LABEL, clientIdOf } from "../csr/names.ts";
import { requestWithKey } from "../csr/testing/requests.ts";
import { ZONE } from "../csr/testing/signing-request.ts";
import { type Authority, authorityFrom } from "../signer/authority.ts";
import { type TestAuthority, testAuthority } from "../signer/testing/authority.ts";
import { testGroup, testPolicy, testRegion } from "../testing/group.ts";
import { type Hub, startHub } from "../testing/hub.ts";
import { startTestOperator, type TestOperator } from "../testing/operator.ts";
import { testPartner } from "../testing/partner.ts";
import { startStackPod, type StackPod } from "../testing/stack-pod.ts";
import { trustBundle } from "./trust-bundle.ts";

const HOST = "api.ke.openbanking.test";
const key = { namespace: "partners", name: "acme" };
const ACME = clientIdOf("partners", "acme");
const WEEK = 604_800_000;

let ahead = 0;
const clock: Clock = { ...systemClock, now: () => new Date(Date.now() + ahead) };

let hub: Hub;
let operator: TestOperator;
let gateway: StackPod;
let listener: Listener;
let folder: string;
let hostRoot: string;
let old: TestAuthority;
let next: TestAuthority;
let authority: Authority;
/** The hub's bundle, as somebody keeps it. */
let wanted: string;
let present: string;

beforeAll(async () => {
  hub = await startHub();
  folder = await mkdtemp(join(tmpdir(), "rotation-"));
  [old, next] = [await testAuthority(ZONE), await testAuthority(ZONE)];
  authority = await authorityFrom(old.intermediate, old.intermediateKey);
  present = wanted = old.root;
  const certificates = { zone: ZONE, requester: "admin" };
  operator = await startTestOperator(
    hub.plane.kubeconfig,
    certificates,
    () => Promise.resolve(authority),
    clock,
  );
  await hub.namespace("partners", { [APPROVAL_LABEL]: "automatic" });
  await hub.namespace("stack-ke");
  await hub.admin.create(consentPolicies, testPolicy());
  await hub.admin.create(regions, testRegion("ke"));
  await hub.admin.create(failoverGroups, testGroup("ke"));
  gateway = startStackPod(hub.admin, "gateway", { group: "ke", signer: operator.signer });
  const host = await createAuthority("hosts", new Date());
  hostRoot = host.certificate;
  const pair = await host.issue({ commonName: HOST, dns: [HOST], use: "server" });
  const files = {
    cert: join(folder, "tls.crt"),
    key: join(folder, "tls.key"),
    partnerCa: join(folder, "ca.crt"),
  };
  await writeFile(files.cert, pair.certificate);
  await writeFile(files.key, pair.key);
  await writeFile(files.partnerCa, present);
  const log = { ...silent, trace() {}, fatal() {}, child: () => log } as never;
  listener = createListener(
    HOST,
    files,
    // As the gateway decides: whoever's certificate the directory names is served.
    ({ socket }, response) => {
      const { fingerprint256 } = (socket as TLSSocket).getPeerCertificate();
      const thumbprint = Buffer.from(fingerprint256.replaceAll(":", ""), "hex").toString("base64url");
      const known = gateway.directory.byThumbprint(thumbprint)?.clientId === ACME;
      response.writeHead(known ? 200 : 401).end();
    },
    { log, everyMs: 20 },
  );
  listener.server.listen(0, "127.0.0.1");
  await once(listener.server, "listening");
});

afterAll(async () => {
  listener.stop();
  listener.server.close();
  await gateway.stop();
  await operator.stop();
  await hub.stop();
  await rm(folder, { recursive: true });
});

interface Credentials {
  readonly key: string;
  readonly cert: string;
}

/** One call on a connection of its own; its status, or why there was none. */
function call(credentials: Credentials): Promise<number | string> {
  const { port } = listener.server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: false, maxCachedSessions: 0 });
  return new Promise((resolve) => {
    const options = { ...credentials, ca: hostRoot, host: "127.0.0.1", port, servername: HOST, agent };
    const asked = request({ ...options, headers: { host: HOST } }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
    });
    asked.on("error", (error) => resolve(error.message));
    asked.end();
  });
}

/** What the FailoverGroup's controller and the kubelet do: the bundle of now becomes the file of the listener. */
async function bundle(): Promise<readonly string[]> {
  const { items } = await hub.admin.list(partners);
  const { text, retiring } = trustBundle(wanted, present, items, clock.now());
  present = text;
  // At once, as the kubelet does it.
  await writeFile(join(folder, "ca.new"), text);
  await rename(join(folder, "ca.new"), join(folder, "ca.crt"));
  return retiring.flatMap((each) => each.partners);
}

async function acmeWhere(what: string, holds: (partner: PartnerObject) => boolean): Promise<PartnerObject> {
  return await until(
    async () => {
      const seen = await hub.admin.get(partners, key);
      return seen && seen.status?.observedGeneration === seen.metadata.generation && holds(seen)
        ? seen
        : undefined;
    },
    { timeout: 40_000, every: 20, what },
  );
}

const live = ({ status }: PartnerObject): boolean =>
  conditionOf(status?.conditions, "Ready")?.status === "True";
const certOf = ({ status }: PartnerObject): string => status?.certificates?.[0]?.pem ?? "";

test("REL-26: the partner CA rotates under mutual-TLS traffic without a failed handshake", async () => {
  const first = await requestWithKey();
  await hub.admin.create(partners, testPartner(first.pem));
  const before = { key: first.key, cert: certOf(await acmeWhere("acme to be live", live)) };
  let credentials = before;
  const answers = new Map<number | string, number>();
  const end = new AbortController();
  onTestFinished(() => end.abort());
  const traffic = (async () => {
    while (!end.signal.aborted) {
      const answer = await call(credentials);
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
    }
  })();
  const more = async (calls: number): Promise<void> => {
    const enough = (answers.get(200) ?? 0) + calls;
    await until(() => Promise.resolve((answers.get(200) ?? 0) >= enough || answers.size > 1 || undefined), {
      timeout: 30_000,
      every: 5,
      what: "more calls",
    });
  };
  await more(20);

  // 1. The new authority is trusted beside the old one. 2. It signs from now on.
  wanted = `${old.root}\n${next.root}`;
  expect(await bundle()).toEqual([]);
  authority = await authorityFrom(next.intermediate, next.intermediateKey);
  await more(20);

  // 3. Somebody is in a hurry and takes the old one out of the hub: it stays where it is needed.
  wanted = next.root;
  expect(await bundle()).toEqual(["partners/acme"]);
  await more(20);

  // 4. The partner renews, and changes over when its new certificate is served.
  const second = await requestWithKey();
  const certificates = [{ name: "primary", csr: second.pem }];
  await hub.admin.patch(partners, key, { merge: { spec: { certificates } } });
  const renewed = await acmeWhere("the new certificate to be served", (partner) => {
    const { previous, pem } = partner.status?.certificates?.[0] ?? {};
    return live(partner) && previous?.retires !== undefined && pem !== undefined;
  });
  const after = { key: second.key, cert: certOf(renewed) };
  expect(await call(after)).toBe(200);
  expect(await bundle()).toEqual(["partners/acme"]);
  await more(20);
  credentials = after;
  await more(20);

  // 5. A week later the old certificate has retired, and the old authority goes by itself.
  ahead = WEEK + 60_000;
  await hub.admin.patch(partners, key, { merge: { spec: { displayName: "Acme" } } });
  await acmeWhere("the old certificate to have retired", ({ status }) => {
    return status?.certificates?.[0]?.previous === undefined && status?.observedGeneration !== undefined;
  });
  expect(await bundle()).toEqual([]);
  expect(present).toBe(next.root);
  await until(async () => (typeof (await call(before)) === "string" ? true : undefined), {
    timeout: 10_000,
    what: "the old authority to be trusted no more",
  });
  await more(20);
  end.abort();
  await traffic;
  expect([...answers.keys()]).toEqual([200]);
  expect(answers.get(200)).toBeGreaterThanOrEqual(120);
});
