import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type FailoverGroupObject,
  failoverGroups,
  partners,
  type RegionObject,
  regions,
} from "../crds/resources.ts";
import { AISP } from "../cli/quickstart/account-api.ts";
import { awaitObject } from "../cli/quickstart/await-object.ts";
import { NAMESPACE } from "../cli/quickstart/partner-resource.ts";
import type { Group } from "../cli/quickstart/platform.ts";
import { credentialsOf } from "../cli/quickstart/session.ts";
import { until } from "../local/wait.ts";
import { type Bank, changePartner, groupNamed, openBank } from "./support/bank.ts";
import { fault } from "./support/fault.ts";
import { inAnyCase } from "./support/in-any-case.ts";
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

afterAll(
  () =>
    inAnyCase(
      () => fault("join", "ke"),
      () => fault("start", "ke"),
      () => awaitReady(regions, "ke", true, 120_000),
      // Before all are asked for: a suspended Partner is not ready.
      ...visitors.map((visitor) => () => leave(bank, visitor)),
      () => awaitAllReady(bank, 120_000),
      () => bank?.close(),
    ),
  300_000,
);

/** Waits until a Region or FailoverGroup says so of itself. @returns its words. */
async function awaitReady(
  kind: typeof regions | typeof failoverGroups,
  name: string,
  ready: boolean,
  timeout: number,
) {
  const found = await awaitObject<RegionObject | FailoverGroupObject>(
    bank.clients.hub,
    kind as typeof regions,
    { name },
    {
      timeout,
      until: (object) =>
        object?.status?.conditions?.some(
          ({ type, status }) => type === "Ready" && (status === "True") === ready,
        ) === true,
      describe: (object) =>
        object?.status?.conditions
          ?.map(({ type, status, message }) => `${type}=${status} ${message}`)
          .join("; ") ?? "",
    },
  );
  return found?.status?.conditions?.find(({ type }) => type === "Ready");
}

/** Three partners at the group that will be lost. */
interface Trio {
  readonly suspended: Visitor;
  readonly deleted: Visitor;
  readonly kept: Visitor;
}

async function trio(prefix: string): Promise<Trio> {
  const [suspended, deleted, kept] = [
    await visit(lost, `${prefix}-suspended`),
    await visit(lost, `${prefix}-deleted`),
    await visit(lost, `${prefix}-kept`),
  ];
  // Over connections that stay open, as the cut leaves them.
  for (const each of [suspended, deleted, kept]) expect((await readAccounts(each)).status).toBe(200);
  return { suspended, deleted, kept };
}

async function takeAway({ suspended, deleted }: Trio): Promise<void> {
  await changePartner(bank, suspended.partner.name, { suspended: true });
  await bank.sre.delete(partners, { namespace: NAMESPACE, name: deleted.partner.name });
}

/**
 * Asks for all three from before the region returns until long after.
 *
 * @param back lets the region return.
 * @returns how often the two were answered with which status; 0 is no answer.
 */
async function answersWhenBack({ suspended, deleted, kept }: Trio, back: () => Promise<void>) {
  const asked = { suspended: new Map<number, number>(), deleted: new Map<number, number>() };
  // Sent into the void: the network delivers them first of all when it is back.
  const underWay = [
    statusOverKept(suspended).then((status) => count(asked.suspended, status)),
    statusOverKept(deleted).then((status) => count(asked.deleted, status)),
  ];
  const returning = back();
  await until(
    async () => {
      const statuses = [statusOf(suspended), statusOf(deleted), statusOf(kept)] as const;
      count(asked.suspended, await statuses[0]);
      count(asked.deleted, await statuses[1]);
      return (await statuses[2]) === 200;
    },
    { timeout: 300_000, every: 10, what: `${lost.name} to serve again` },
  );
  await returning;
  for (let times = 0; times < 100; times += 1) {
    count(asked.suspended, await statusOf(suspended));
    count(asked.deleted, await statusOf(deleted));
  }
  await Promise.all(underWay);
  console.log("answers after the return, by status (0: none)", asked);
  return asked;
}

/** Nothing to a suspended partner, and nothing to one that is no more. */
const REFUSED = { suspended: [403], deleted: [401] };

function answersIn(asked: Record<keyof typeof REFUSED, ReadonlyMap<number, number>>): typeof REFUSED {
  const answers = (of: ReadonlyMap<number, number>): number[] =>
    [...of.keys()].filter((status) => status > 0);
  return { suspended: answers(asked.suspended), deleted: answers(asked.deleted) };
}

describe("while a region's cluster cannot be reached", { timeout: 180_000 }, () => {
  let elsewhere: Visitor;
  let here: Trio;

  beforeAll(async () => {
    elsewhere = await visit(other, "elsewhere");
    here = await trio("cut");
    await fault("cut", "ke");
  }, 120_000);

  test("its Region says Ready=False, and what was tried", async () => {
    const condition = await awaitReady(regions, "ke", false, 60_000);
    const region = await bank.clients.hub.get(regions, { name: "ke" });
    expect(condition?.reason).toBe("Unreachable");
    expect(condition?.message).toContain(new URL(region?.status?.server ?? "https://unknown").host);
  });

  test("so does the FailoverGroup whose stack is there", async () => {
    const condition = await awaitReady(failoverGroups, lost.name, false, 60_000);
    expect(condition?.message).toMatch(/\bke\b/);
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

  test("what is suspended or deleted meanwhile is not served when its network is back, not for one request", async () => {
    await takeAway(here);
    const asked = await answersWhenBack(here, () => fault("join", "ke"));
    expect(answersIn(asked)).toEqual(REFUSED);
    await awaitReady(regions, "ke", true, 60_000);
  });
});

describe("when all machines of a region's cluster were lost", () => {
  test(
    "what was suspended or deleted meanwhile is not served on their return, not for one request",
    { timeout: 300_000 },
    async () => {
      const here = await trio("kill");
      await fault("kill", "ke");
      await takeAway(here);
      const asked = await answersWhenBack(here, () => fault("start", "ke"));
      expect(answersIn(asked)).toEqual(REFUSED);
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

/** The status of one call over the connection that is open; 0 when no answer came. */
function statusOverKept(visitor: Visitor): Promise<number> {
  return readAccounts(visitor).then(
    ({ status }) => status,
    () => 0,
  );
}

function count(into: Map<number, number>, status: number): void {
  into.set(status, (into.get(status) ?? 0) + 1);
}
