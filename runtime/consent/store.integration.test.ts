import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { asRole } from "../database/testing/stack-database.ts";
import { AWAITING_MS } from "./consent.ts";
import { endFormerPartners, expireOverdue } from "./housekeeping.ts";
import {
  CONSENTS_PATH,
  OTHERS,
  startConsents,
  YES_BODY,
  type TestConsents,
} from "./testing/consent-service.ts";
import { daysAfter, NOON } from "./testing/consents.ts";

let world: TestConsents;
beforeAll(async () => {
  world = await startConsents();
});
afterAll(() => world.stop());
beforeEach(() => world.begin());

describe("time", () => {
  test("ends a request nobody authorised, at once for readers and later in the table", async () => {
    const id = await world.asked();
    const now = world.at(new Date(NOON.getTime() + AWAITING_MS));
    expect(await world.asPartner("GET", `${CONSENTS_PATH}/${id}`)).toMatchObject({
      body: { Data: { Status: "EXPD", StatusReason: [{ StatusReasonCode: "TKXP" }] } },
    });
    expect(await world.asService("POST", `/internal/consents/${id}/authorise`, YES_BODY)).toMatchObject({
      status: 409,
    });
    expect(await world.states(id)).toMatchObject([{ state: "AWAU" }]);
    await expireOverdue(world.store, world.change, now);
    expect(await world.states(id)).toEqual([{ state: "EXPD", ended_by: "expire" }]);
  });

  test("ends an authorised consent at its end and not before", async () => {
    const id = await world.authorised();
    await expireOverdue(world.store, world.change, world.at(new Date(daysAfter(180).getTime() - 1)));
    expect(await world.states(id)).toMatchObject([{ state: "AUTH" }]);
    await expireOverdue(world.store, world.change, world.at(daysAfter(180)));
    expect(await world.states(id)).toMatchObject([{ state: "EXPD" }]);
    expect(world.told()).toEqual([{ consent: id, state: "EXPD" }]);
  });
});

describe("the end of a partner", () => {
  const roster = (clientIds: readonly string[]) => ({
    kind: "roster" as const,
    group: "test",
    version: 1,
    issuedAt: NOON.toISOString(),
    partners: clientIds.map((clientId) => ({ clientId, minimumVersion: 1, suspended: false, revoked: [] })),
  });

  test("ends its consents, keeps their rows, and touches no other's", async () => {
    const ours = await world.authorised();
    const waiting = await world.asked();
    const others = await world.asked(OTHERS);
    await endFormerPartners(world.store, world.change, roster([OTHERS]));
    expect(await world.states(ours)).toEqual([{ state: "CANC", ended_by: "endPartner" }]);
    expect(await world.states(waiting)).toEqual([{ state: "CANC", ended_by: "endPartner" }]);
    expect(await world.states(others)).toMatchObject([{ state: "AWAU" }]);
    expect(
      world
        .told()
        .map(({ consent }) => consent)
        .toSorted(),
    ).toEqual([ours, waiting].toSorted());
  });

  test("is not believed without a roster", async () => {
    const id = await world.asked();
    await endFormerPartners(world.store, world.change, undefined);
    expect(await world.states(id)).toMatchObject([{ state: "AWAU" }]);
  });
});

describe("the database", () => {
  test("keeps outbox and audit leaf with every change, or none of them", async () => {
    const id = await world.authorised();
    const rows = await asRole(world.stack, "consent", (query) =>
      query(
        `select o.type, l.leaf::jsonb = o.payload as same, l.hash = sha256('\\x00'::bytea || convert_to(l.leaf, 'UTF8')) as hashed
         from outbox o join audit_leaf l on l.subject = o.subject and l.leaf::jsonb = o.payload
         where o.subject = $1 order by o.id`,
        [id],
      ),
    );
    expect(rows).toEqual([
      { type: "consent.requested", same: true, hashed: true },
      { type: "consent.authorised", same: true, hashed: true },
    ]);
    const failed = world.database.transaction(async (tx) => {
      await tx.query("update consents set state = 'CANC', ended_by = 'delete' where id = $1", [id]);
      await tx.query("insert into outbox (at, type, subject, payload) values (now(), null, $1, '{}')", [id]);
    });
    await expect(failed).rejects.toThrow(/null value in column "type"/);
    expect(await world.states(id)).toMatchObject([{ state: "AUTH" }]);
  });

  test("says beside a new authorisation that other accounts were chosen, when they were", async () => {
    const id = await world.authorised();
    const again = (grantId: string, accounts: readonly string[]) =>
      world.asService("POST", `/internal/consents/${id}/authorise`, { ...YES_BODY, grantId, accounts });
    await again("g-2", YES_BODY.accounts);
    await again("g-3", ["acc-1", "acc-2"]);
    await again("g-4", ["acc-2", "acc-1"]);
    const rows = await asRole(world.stack, "consent", (query) =>
      query(
        `select o.type, exists (select from audit_leaf l where l.leaf::jsonb = o.payload) as proved
         from outbox o where o.subject = $1 order by o.id`,
        [id],
      ),
    );
    expect(rows).toEqual(
      ["requested", "authorised", "reauthorised", "reauthorised", "accounts-changed", "reauthorised"].map(
        (type) => ({ type: `consent.${type}`, proved: true }),
      ),
    );
  });

  test.each([
    {
      why: "an end is an end",
      sql: "update consents set state = 'AUTH', ended_by = null where id = $1",
      ended: true,
    },
    { why: "what was asked for stays", sql: "update consents set permissions = '{ReadPAN}' where id = $1" },
    {
      why: "the policy's words stay",
      sql: 'update consents set policy = policy || \'{"text":""}\' where id = $1',
    },
    { why: "nobody is authorised by nobody", sql: "update consents set customer = null where id = $1" },
    { why: "rows are never deleted", sql: "delete from consents where id = $1" },
    { why: "evidence is never changed", sql: "update audit_leaf set leaf = '{}' where subject = $1" },
    { why: "evidence is never deleted", sql: "delete from audit_leaf where subject = $1" },
    { why: "a revocation is never undone", sql: "delete from revocations where consent = $1" },
  ])("holds by itself: $why", async ({ sql, ended = false }) => {
    const id = await world.authorised();
    if (ended) await world.asPartner("DELETE", `${CONSENTS_PATH}/${id}`);
    await expect(asRole(world.stack, "consent", (query) => query(sql, [id]))).rejects.toThrow(
      /cannot go from|cannot change|becomes nobody else's|violates check|permission denied/,
    );
  });
});
