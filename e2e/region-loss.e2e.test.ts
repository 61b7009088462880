import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { partners, regions } from "../cli/kinds.ts";
import { AISP } from "../cli/quickstart/account-api.ts";
import { awaitObject } from "../cli/quickstart/await-object.ts";
import { NAMESPACE } from "../cli/quickstart/partner-resource.ts";
import type { Group } from "../cli/quickstart/platform.ts";
import { credentialsOf } from "../cli/quickstart/session.ts";
import { until } from "../local/wait.ts";
import { type Bank, changePartner, groupNamed, openBank } from "./support/bank.ts";
import { fault } from "./support/fault.ts";
import { awaitAllReady } from "./support/ready.ts";
import { tlsRequest } from "./support/tls-request.ts";
import { leave, newVisitor, readAccounts, type Visitor } from "./support/visitor.ts";

let bank: Bank;
let lost: Group;
let other: Group;
const visitors: Visitor[] = [];

async function visit(group: Group, prefix: string): Promise<Visitor> {
  const visitor = await newVisitor(bank, group, prefix);
  visitors.push(visitor);
  return visitor;
}

beforeAll(async () => {
  bank = await openBank();
  lost = groupNamed(bank, "east-africa");
  other = groupNamed(bank, "europe");
});

afterAll(async () => {
  await fault("join", "ke");
  await fault("start", "ke");
  await awaitAllReady(bank, 240_000);
  for (const visitor of visitors) await leave(bank, visitor);
  await bank.close();
}, 300_000);

/** Waits until the Region ke says so of itself. */
async function awaitRegion(ready: boolean, timeout: number) {
  const found = await awaitObject(
    bank.clients.hub,
    regions,
    { name: "ke" },
    {
      timeout,
      until: (region) =>
        region?.status?.conditions?.some(
          ({ type, status }) => type === "Ready" && (status === "True") === ready,
        ) === true,
      describe: (region) =>
        region?.status?.conditions
          ?.map(({ type, status, message }) => `${type}=${status} ${message}`)
          .join("; ") ?? "",
    },
  );
  return found?.status?.conditions?.find(({ type }) => type === "Ready");
}

describe("while a region's cluster cannot be reached", () => {
  let elsewhere: Visitor;

  beforeAll(async () => {
    elsewhere = await visit(other, "elsewhere");
    await fault("cut", "ke");
  });

  afterAll(async () => {
    await fault("join", "ke");
    await awaitRegion(true, 120_000);
  }, 130_000);

  test("its Region says Ready=False, and what was tried", async () => {
    const condition = await awaitRegion(false, 60_000);
    const region = await bank.clients.hub.get(regions, { name: "ke" });
    expect(condition?.reason).toBe("Unreachable");
    expect(condition?.message).toContain(new URL(region?.status?.server ?? "https://unknown").host);
  });

  test("the other region serves, and a change for it is served there", async () => {
    expect((await readAccounts(elsewhere)).status).toBe(200);
    const { name } = elsewhere.partner;
    const changed = await changePartner(bank, name, { displayName: "Changed while ke was away" });
    const served = await awaitObject(
      bank.sre,
      partners,
      { namespace: NAMESPACE, name },
      {
        timeout: 30_000,
        until: (partner) =>
          partner?.status?.observedGeneration === changed.metadata.generation &&
          partner?.status?.groups?.some((group) => group.name === other.name && group.served) === true,
      },
    );
    expect(served?.status?.groups?.find((group) => group.name === lost.name)?.served).toBe(false);
  });
});

describe("when a region's cluster was lost and returns", () => {
  test(
    "what was suspended or deleted meanwhile is not served, not for one request",
    { timeout: 600_000 },
    async () => {
      const suspended = await visit(lost, "away-suspended");
      const deleted = await visit(lost, "away-deleted");
      const kept = await visit(lost, "away-kept");
      expect((await readAccounts(suspended)).status).toBe(200);
      await fault("kill", "ke");
      await changePartner(bank, suspended.partner.name, { suspended: true });
      await bank.sre.delete(partners, { namespace: NAMESPACE, name: deleted.partner.name });

      const asked = { suspended: new Map<number, number>(), deleted: new Map<number, number>() };
      const returning = fault("start", "ke");
      await until(
        async () => {
          // Asked all the time, from before the first gateway listens until one serves the partner that was left alone.
          count(asked.suspended, await statusOf(suspended));
          count(asked.deleted, await statusOf(deleted));
          return (await statusOf(kept)) === 200;
        },
        { timeout: 300_000, every: 10, what: "east-africa to serve again" },
      );
      await returning;
      for (let times = 0; times < 100; times += 1) {
        count(asked.suspended, await statusOf(suspended));
        count(asked.deleted, await statusOf(deleted));
      }
      console.log("answers after the return, by status (0: none)", asked);
      expect(asked.suspended.get(200)).toBeUndefined();
      expect(asked.deleted.get(200)).toBeUndefined();
      expect(asked.suspended.get(403)).toBeGreaterThan(0);
    },
  );
});

/** The status of one call over a new connection; 0 when no answer came. */
async function statusOf({ partner, session, given }: Visitor): Promise<number> {
  const headers = { authorization: `Bearer ${given.tokens.accessToken}` };
  const url = `https://${session.group.api}${AISP}/accounts`;
  const call = { url, network: bank.network, credentials: credentialsOf(partner), headers, timeout: 2_000 };
  return tlsRequest(call).then(
    ({ status }) => status,
    () => 0,
  );
}

function count(into: Map<number, number>, status: number): void {
  into.set(status, (into.get(status) ?? 0) + 1);
}
