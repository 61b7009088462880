import { afterAll, beforeAll, expect, test } from "vitest";
import { certificateSigningRequests } from "../kube/resources.ts";
import { until } from "../local/wait.ts";
import { type Bank, enrolPartner, openBank, removePartner, type TestPartner } from "./support/bank.ts";
import { query } from "./support/database.ts";
import { inAnyCase } from "./support/in-any-case.ts";
import { hasShard, rosterIn, stackOf } from "./support/stack.ts";
import { readAccounts, type Visitor, visitorAt } from "./support/visitor.ts";

let bank: Bank;
let partner: TestPartner;
const visits: Visitor[] = [];

beforeAll(async () => {
  bank = await openBank();
  partner = await enrolPartner(bank, "leaving");
  for (const group of bank.groups) visits.push(await visitorAt(bank, group, partner));
  for (const visitor of visits) {
    if ((await readAccounts(visitor)).status !== 200) throw new Error("Nothing could be read before.");
  }
  await removePartner(bank, partner.name);
});

afterAll(() =>
  inAnyCase(
    ...visits.map(
      ({ session }) =>
        () =>
          session.close(),
    ),
    async () => partner !== undefined && removePartner(bank, partner.name),
    () => bank?.close(),
  ),
);

test("every group has forgotten it: no shard, no line in the roster", async () => {
  for (const { session } of visits) {
    const place = stackOf(session.group);
    expect(await hasShard(bank, place, partner.clientId)).toBe(false);
    const { partners } = await rosterIn(bank, place);
    expect(partners.map(({ clientId }) => clientId)).not.toContain(partner.clientId);
  }
});

test("its certificate requests are gone from the hub", async () => {
  const { items } = await bank.clients.hub.list(certificateSigningRequests);
  expect(
    items.map(({ metadata }) => metadata.name).filter((name) => name.startsWith(partner.clientId)),
  ).toEqual([]);
});

test("what it still holds is refused, at the API and at the authorization server", async () => {
  for (const visitor of visits) {
    expect([401, 403]).toContain((await readAccounts(visitor)).status);
    await expect(visitor.session.authorization.clientToken()).rejects.toMatchObject({
      answer: { status: 401 },
    });
  }
});

test("its consents have ended, and their records stay", async () => {
  for (const { session, given } of visits) {
    const sql = `select state from consent.consents where id = '${given.consentId}'`;
    const rows = await until(
      async () => {
        const found = await query(bank, stackOf(session.group), sql);
        return found[0]?.[0] === "AUTH" ? undefined : found;
      },
      { timeout: 30_000, every: 500, what: `the consent ${given.consentId} to end` },
    );
    expect(rows).toEqual([["CANC"]]);
  }
});
