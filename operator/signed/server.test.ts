import { expect, test } from "vitest";
import { SERVED, SERVED_LABEL } from "../../crds/shard.ts";
import { type Lease, leases } from "../../kube/resources.ts";
import { liveServers, paymentReports } from "./server.ts";

const now = new Date("2026-11-22T18:00:00Z");
const ACME = "ptn-0123456789abcdef";

/** What a pod says in its Lease, renewed so many seconds ago. */
function lease(service: string, seconds: number, annotations: Readonly<Record<string, string>>): Lease {
  return {
    apiVersion: leases.apiVersion,
    kind: leases.kind,
    metadata: { name: `served-${service}-1`, labels: { [SERVED_LABEL]: service }, annotations },
    spec: {
      holderIdentity: `${service}-1`,
      leaseDurationSeconds: 30,
      renewTime: new Date(now.getTime() - seconds * 1_000).toISOString().replace("Z", "000Z"),
    },
  };
}

const started = { [SERVED.startedAt]: now.toISOString(), [SERVED.rosterVersion]: "7" };
const scores = { [SERVED.behaviour]: JSON.stringify({ [ACME]: 90 }) };

test("gateways and authorization servers are waited for while they live; banking, which is told no shards, never", () => {
  const all = ["gateway", "oauth", "banking"].map((service) => lease(service, 10, { ...started, ...scores }));
  expect(liveServers(all, now).map(({ pod }) => pod)).toEqual(["gateway-1", "oauth-1"]);
  expect(liveServers([lease("gateway", 61, started)], now)).toEqual([]);
});

test("what banking says of payments is heard while the pod lives, and nobody else says it", () => {
  const report = { pod: "banking-1", behaviour: new Map([[ACME, 90]]) };
  expect(paymentReports([lease("banking", 10, scores), lease("gateway", 10, scores)], now)).toEqual([report]);
  expect(paymentReports([lease("banking", 61, scores)], now)).toEqual([]);
});

test.each([`{"${ACME}":101}`, `{"${ACME}":"90"}`, "no JSON"])("%s says nothing of anybody", (text) => {
  const [report] = paymentReports([lease("banking", 10, { [SERVED.behaviour]: text })], now);
  expect(report?.behaviour.size).toBe(0);
});
