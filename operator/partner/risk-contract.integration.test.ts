import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { consentPolicies, failoverGroups, partners, regions } from "../../crds/resources.ts";
import { SERVED, SERVED_LABEL } from "../../crds/shard.ts";
import { type Client, createClient } from "../../kube/client.ts";
import { Clusters } from "../../kube/clusters.ts";
import { kubeconfigCredentials } from "../../kube/kubeconfig.ts";
import { silent } from "../../kube/logger.ts";
import { HOME } from "../../kube/plan.ts";
import { type Lease, leases } from "../../kube/resources.ts";
import { until } from "../../local/wait.ts";
import { contract, type ContractExchange } from "../../runtime/service/testing/contract.ts";
import { clientIdOf } from "../csr/names.ts";
import { requestPem } from "../csr/testing/requests.ts";
import { HttpRiskScores } from "../ports/http-risk-scores.ts";
import type { RiskScore, RiskScores } from "../ports/risk-scores.ts";
import { signedReader } from "../signed/signed-reader.ts";
import { watchForPartners } from "../signed/watches.ts";
import { testGroup, testPolicy, testRegion } from "../testing/group.ts";
import { type Hub, startHub } from "../testing/hub.ts";
import { MARKS } from "../testing/operator.ts";
import { testPartner } from "../testing/partner.ts";
import { observePartner } from "./observe.ts";

const ACME = clientIdOf("partners", "acme");
const OTHER = "ptn-0000000000000001";

/** Everybody there is something to say about, by client id; undefined: nobody can say. */
type Said = ReadonlyMap<string, number> | undefined;

let hub: Hub;
let client: Client;
const clusters = new Clusters({ probeMs: 200 });
let server: Server;
let said: Said;
const exchanges: ContractExchange[] = [];

/** What the operator sees of acme's risk. */
async function seen(scores?: RiskScores): Promise<RiskScore | undefined> {
  const acme = await hub.admin.get(partners, { namespace: "partners", name: "acme" });
  if (!acme) throw new Error("There is no Partner acme.");
  const reader = signedReader({ keys: [] });
  const signer = { trouble: () => undefined };
  return (await observePartner(acme, { clusters, reader, signer, scores, now: () => new Date() })).risk;
}

beforeAll(async () => {
  hub = await startHub();
  await hub.namespace("partners");
  await hub.namespace("stack-ke");
  await hub.admin.create(consentPolicies, testPolicy());
  await hub.admin.create(regions, testRegion("ke"));
  await hub.admin.create(failoverGroups, testGroup("ke"));
  await hub.admin.create(partners, testPartner(await requestPem()));
  client = createClient(kubeconfigCredentials(hub.plane.kubeconfig, { trusted: false }), {
    userAgent: "test",
  });
  watchForPartners(clusters, MARKS);
  await clusters.engage(HOME, client);
  server = createServer(({ method = "", url: path = "" }, response) => {
    const scores = [...(said ?? [])].map(([clientId, score]) => ({ clientId, score, reason: "as we hear" }));
    const status = said ? 200 : 503;
    exchanges.push({ method, path, request: undefined, status, response: { scores } });
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ scores }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await clusters.stop();
  await hub.stop();
});

/** One way in which the operator comes to know scores. */
interface Source {
  readonly scores: RiskScores | undefined;
  readonly say: (said: ReadonlyMap<string, number>) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** The embedded ones: gateways say in their Leases what they see, and banking what the fraud service says. */
async function pods(service: "gateway" | "banking"): Promise<Source> {
  const key = { namespace: "stack-ke", name: `served-${service}-1` };
  return {
    scores: undefined,
    async say(scores) {
      const now = new Date().toISOString();
      const annotations = {
        ...(service === "gateway" ? { [SERVED.startedAt]: now } : {}),
        [SERVED.behaviour]: JSON.stringify(Object.fromEntries(scores)),
      };
      const lease: Lease = {
        apiVersion: leases.apiVersion,
        kind: leases.kind,
        metadata: { ...key, labels: { [SERVED_LABEL]: service }, annotations },
        spec: {
          holderIdentity: `${service}-1`,
          leaseDurationSeconds: 600,
          renewTime: now.replace("Z", "000Z"),
        },
      };
      await hub.admin.apply(leases, lease, { fieldManager: "test" });
    },
    async stop() {
      if (await hub.admin.get(leases, key)) await hub.admin.delete(leases, key);
    },
  };
}

/** The adapter, in front of a service that keeps the contract. */
async function riskService(): Promise<Source> {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/scores`;
  const scores = new HttpRiskScores({ url, logger: silent, everyMs: 20 });
  said = undefined;
  const before = exchanges.length;
  scores.start();
  await until(
    () => Promise.resolve(exchanges.slice(before).some(({ status }) => status === 503) || undefined),
    {
      timeout: 20_000,
      every: 5,
      what: "the service to be asked",
    },
  );
  return {
    scores,
    say: async (next) => void (said = next),
    stop: () => scores.stop(),
  };
}

/** What the operator sees once the score is this; undefined: nobody knows one. */
async function becomes(want: number | undefined, scores?: RiskScores): Promise<RiskScore | undefined> {
  const found = await until(
    async () => {
      const risk = await seen(scores);
      return risk?.score === want ? { risk } : undefined;
    },
    { timeout: 20_000, every: 20, what: `a score of ${want}` },
  );
  return found.risk;
}

test.each([
  { name: "by gateways", source: () => pods("gateway") },
  { name: "of its payments, by banking", source: () => pods("banking") },
  { name: "by the bank's risk service", source: riskService },
])(
  "what is said $name is unknown until somebody can say, then a score with a reason, and 0 of whom nothing is said",
  async ({ source }) => {
    const { scores, say, stop } = await source();
    try {
      expect(await becomes(undefined, scores)).toBeUndefined();
      await say(new Map());
      expect(await becomes(0, scores)).toEqual({ score: 0, reason: "" });
      await say(new Map([[ACME, 40]]));
      expect((await becomes(40, scores))?.reason).not.toBe("");
      await say(new Map([[ACME, 100]]));
      await becomes(100, scores);
      await say(new Map([[OTHER, 90]]));
      expect(await becomes(0, scores)).toEqual({ score: 0, reason: "" });
    } finally {
      await stop();
    }
  },
);

test("of what gateways, banking and the risk service say the worst counts, with who says it", async () => {
  const [gateway, banking, service] = await Promise.all([pods("gateway"), pods("banking"), riskService()]);
  try {
    await gateway.say(new Map([[ACME, 30]]));
    await service.say(new Map([[ACME, 70]]));
    expect(await becomes(70, service.scores)).toEqual({ score: 70, reason: "as we hear" });
    await gateway.say(new Map([[ACME, 80]]));
    expect((await becomes(80, service.scores))?.reason).toContain("gateway-1");
    await banking.say(new Map([[ACME, 90]]));
    expect((await becomes(90, service.scores))?.reason).toBe(
      "Wekeza-Fraud refuses or holds many of its payments (banking-1).",
    );
    await banking.say(new Map([[ACME, 20]]));
    expect((await becomes(80, service.scores))?.reason).toContain("gateway-1");
  } finally {
    await Promise.all([gateway.stop(), banking.stop(), service.stop()]);
  }
});

test("both sides kept wekeza-risk.v1.yaml", () => {
  const faults = contract("wekeza-risk.v1.yaml");
  expect(new Set(exchanges.map(({ status }) => status))).toEqual(new Set([200, 503]));
  expect(exchanges.flatMap(faults)).toEqual([]);
  const [first] = exchanges.filter(({ status }) => status === 200);
  expect(first && faults({ ...first, response: { scores: [{ clientId: ACME }] } })).not.toEqual([]);
});
