import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { AISP } from "../cli/quickstart/account-api.ts";
import { NAMESPACE } from "../cli/quickstart/partner-resource.ts";
import type { Group } from "../cli/quickstart/platform.ts";
import { credentialsOf } from "../cli/quickstart/session.ts";
import { dedicatedHost, dedicatedNamespace } from "../crds/dedicated.ts";
import { partners } from "../crds/resources.ts";
import { conditionOf } from "../kube/condition.ts";
import { namespaces, pods } from "../kube/resources.ts";
import { until } from "../local/wait.ts";
import { type Bank, changePartner, groupNamed, openBank, removePartner } from "./support/bank.ts";
import { inAnyCase } from "./support/in-any-case.ts";
import { stackOf } from "./support/stack.ts";
import { tlsRequest } from "./support/tls-request.ts";
import { leave, newVisitor, readAccounts, type Visitor } from "./support/visitor.ts";

let bank: Bank;
let group: Group;
let acme: Visitor;
let other: Visitor;

beforeAll(async () => {
  bank = await openBank();
  group = groupNamed(bank, "east-africa");
  // One after the other: both are the customer's with the same one-time codes.
  acme = await newVisitor(bank, group, "dedicated");
  other = await newVisitor(bank, group, "shared");
  // In one group, that it costs the machine the gateways of one.
  await changePartner(bank, acme.partner.name, { groups: [group.name] });
});

afterAll(() =>
  inAnyCase(
    () => leave(bank, acme),
    () => leave(bank, other),
    () => bank?.close(),
  ),
);

/** A call over a connection of its own, at the host that the first partner is given; whoever calls. */
async function atItsHost({ partner, given }: Visitor): Promise<number> {
  const { status } = await tlsRequest({
    url: `https://${dedicatedHost(group.api, acme.partner.clientId)}${AISP}/accounts`,
    network: bank.network,
    credentials: credentialsOf(partner),
    headers: { authorization: `Bearer ${given.tokens.accessToken}` },
  });
  return status;
}

/** Waits until the partner's condition `Dedicated` has that reason. */
async function dedicated(reason: string): Promise<void> {
  await until(
    async () => {
      const seen = await bank.sre.get(partners, { namespace: NAMESPACE, name: acme.partner.name });
      return conditionOf(seen?.status?.conditions, "Dedicated")?.reason === reason || undefined;
    },
    { timeout: 120_000, every: 250, what: `the gateways of ${acme.partner.name} to be ${reason}` },
  );
}

/** Calls that the gateways in that namespace have answered. */
async function callsIn(namespace: string): Promise<number> {
  const client = bank.clients[stackOf(group).region];
  const { items } = await client.list(pods, { namespace });
  const counts = await Promise.all(
    items.map(async ({ metadata: { name } }) => {
      const path = `/api/v1/namespaces/${namespace}/pods/${name}:9090/proxy/metrics`;
      const { body } = await client.raw({ method: "GET", path, accept: "text/plain", repeatable: true });
      const counted = String(body).matchAll(/^wekeza_gateway_request_duration_seconds_count\{.*\} (\d+)$/gm);
      return [...counted].reduce((sum, [, count]) => sum + Number(count), 0);
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Calls one after the other until the test ends or stops it; answers whatever was not 200, and how many calls there were. */
function callOn(call: () => Promise<number>) {
  const refused: string[] = [];
  let [calls, ended] = [0, false];
  onTestFinished(() => {
    ended = true;
  });
  const running = (async () => {
    while (!ended) {
      const answer = await call().catch((error: unknown) => String(error));
      calls += 1;
      if (answer !== 200) refused.push(String(answer));
      await pause(20);
    }
  })();
  return {
    async stop() {
      ended = true;
      await running;
      return { calls, refused };
    },
  };
}

test(
  "moving to gateways of its own and back refuses no call, at the group's host and at its own",
  { timeout: 300_000 },
  async () => {
    const atTheGroups = callOn(async () => (await readAccounts(acme)).status);
    await changePartner(bank, acme.partner.name, { tier: "dedicated" });
    // Each name server reads the names for itself; twenty answers in a row are not all of one.
    let known = 0;
    await until(
      async () => {
        known = (await atItsHost(acme).catch(() => 0)) === 200 ? known + 1 : 0;
        return known >= 20 || undefined;
      },
      { timeout: 60_000, every: 50, what: "its own host to be known" },
    );
    const atItsOwn = callOn(() => atItsHost(acme));
    await dedicated("OwnGateways");
    const namespace = dedicatedNamespace(stackOf(group).namespace, acme.partner.clientId);
    await until(async () => (await callsIn(namespace)) > 0 || undefined, {
      timeout: 30_000,
      every: 500,
      what: "calls to arrive at its own gateways",
    });
    // The group's gateways know the other partner, and that the host is not its; the partner's own know nobody else.
    const answers = new Set<number>();
    await until(async () => answers.add(await atItsHost(other)).has(401) || undefined, {
      timeout: 30_000,
      every: 250,
      what: "its own gateways to refuse another partner",
    });
    expect([...answers].filter((status) => status !== 421)).toEqual([401]);
    await changePartner(bank, acme.partner.name, { tier: "shared" });
    await dedicated("OwnGatewaysDraining");
    await until(
      async () => {
        const before = await callsIn(namespace);
        await atItsHost(acme);
        return before === (await callsIn(namespace)) || undefined;
      },
      { timeout: 30_000, every: 500, what: "its host to lead to the group's gateways again" },
    );
    const outcomes = [await atTheGroups.stop(), await atItsOwn.stop()];
    console.log(outcomes.map(({ calls }) => `${calls} calls`).join(", "));
    expect(outcomes.map(({ refused }) => refused)).toEqual([[], []]);
  },
);

test("a deleted partner takes its gateways along at once", { timeout: 120_000 }, async () => {
  const { region, namespace } = stackOf(group);
  const own = { name: dedicatedNamespace(namespace, acme.partner.clientId) };
  expect(await bank.clients[region].get(namespaces, own)).toBeDefined();
  await removePartner(bank, acme.partner.name);
  await until(
    async () => ((await bank.clients[region].get(namespaces, own)) === undefined ? true : undefined),
    {
      timeout: 90_000,
      every: 500,
      what: "the namespace of its gateways to be gone",
    },
  );
});
