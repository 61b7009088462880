import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { asRole } from "../database/testing/stack-database.ts";
import {
  CONSENTS_PATH,
  OURS,
  startConsents,
  YES_BODY,
  type TestConsents,
} from "./testing/consent-service.ts";
import { POLICY, requestOf } from "./testing/consents.ts";

let world: TestConsents;
beforeAll(async () => {
  world = await startConsents();
});
afterAll(() => world.stop());
beforeEach(() => world.begin());

describe("oauth", () => {
  test("authorises, and the snapshot says so", async () => {
    const id = await world.authorised();
    expect(await world.asService("GET", `/internal/consents/${id}`, undefined, "gateway")).toMatchObject({
      status: 200,
      body: {
        id,
        clientId: OURS,
        status: "AUTH",
        customer: "cus-amina",
        accounts: ["acc-1"],
        grantId: "g-1",
        policy: { text: POLICY.text, hash: POLICY.hash, historyDays: 90 },
      },
    });
  });

  test("keeps the words the customer saw, with their hash in the leaf", async () => {
    const id = await world.asked();
    const shown = "Acme asks to see\nYour balances\n[x] Everyday ••••4321 (KES)";
    await world.asService("POST", `/internal/consents/${id}/authorise`, { ...YES_BODY, shown });
    const [row] = await asRole(world.stack, "audit", (query) =>
      query(
        `select e -> 'shown' as shown, e -> 'sca' ->> 'method' as method,
           encode(sha256(convert_to(e ->> 'shown', 'UTF8')), 'hex') = l.leaf::jsonb ->> 'shownHash' as hashed
         from consent.audit_leaf l, consent.evidence(l.subject) e
         where l.subject = $1 and l.leaf::jsonb ->> 'type' = 'consent.authorised'`,
        [id],
      ),
    );
    expect(row).toEqual({ shown, method: "otp", hashed: true });
  });

  test("may repeat an authorisation whose answer was lost", async () => {
    const id = await world.authorised();
    expect(await world.asService("POST", `/internal/consents/${id}/authorise`, YES_BODY)).toMatchObject({
      status: 200,
    });
    const events = await asRole(world.stack, "consent", (query) =>
      query("select type from outbox where subject = $1", [id]),
    );
    expect(events.map(({ type }) => type)).toEqual(["consent.requested", "consent.authorised"]);
  });

  test("of sixteen customers at one time, one wins", async () => {
    const id = await world.asked();
    const tries = await Promise.all(
      Array.from({ length: 16 }, (_, n) =>
        world.asService("POST", `/internal/consents/${id}/authorise`, {
          ...YES_BODY,
          customer: `cus-${n}`,
          grantId: `g-${n}`,
        }),
      ),
    );
    expect(tries.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      200,
      ...Array(15).fill(409),
    ]);
  });

  test("withdraws for the customer only", async () => {
    const id = await world.authorised();
    const withdraw = (customer: string) =>
      world.asService("POST", `/internal/consents/${id}/withdraw`, { customer });
    expect(await withdraw("cus-brian")).toMatchObject({ status: 409 });
    expect(await withdraw("cus-amina")).toMatchObject({ status: 200, body: { status: "CANC" } });
    expect(world.told()).toEqual([{ consent: id, state: "CANC" }]);
  });

  test("lists a customer's consents", async () => {
    const id = await world.asked();
    await world.asService("POST", `/internal/consents/${id}/authorise`, {
      ...YES_BODY,
      customer: "cus-carol",
    });
    expect(await world.asService("GET", "/internal/customers/cus-carol/consents")).toMatchObject({
      body: { consents: [{ id, status: "AUTH" }] },
    });
  });

  test.each([
    { path: "authorise", payload: { ...YES_BODY, accounts: [] } },
    { path: "authorise", payload: {} },
    { path: "withdraw", payload: {} },
  ])("is told that $path with $payload is malformed", async ({ path, payload }) => {
    const id = await world.asked();
    expect(await world.asService("POST", `/internal/consents/${id}/${path}`, payload)).toMatchObject({
      status: 400,
    });
  });

  test("is told when there is no such consent", async () => {
    expect(await world.asService("GET", "/internal/consents/aac-none")).toMatchObject({ status: 404 });
    expect(await world.asService("POST", "/internal/consents/aac-none/reject")).toMatchObject({
      status: 404,
    });
  });
});

describe("only who may", () => {
  test.each(["gateway", "banking"])("%s cannot authorise, reject or withdraw", async (from) => {
    const id = await world.asked();
    for (const action of ["authorise", "reject", "withdraw"]) {
      expect(
        await world.asService("POST", `/internal/consents/${id}/${action}`, YES_BODY, from),
      ).toMatchObject({
        status: 403,
      });
    }
    expect(await world.states(id)).toMatchObject([{ state: "AWAU" }]);
  });

  test("oauth cannot speak for partners", async () => {
    expect(await world.asService("POST", CONSENTS_PATH, requestOf(), "oauth")).toMatchObject({ status: 403 });
  });

  test("a stranger gets nothing", async () => {
    expect(await world.asService("GET", "/internal/revocations", undefined, "seed")).toMatchObject({
      status: 403,
    });
  });
});

describe("revocations", () => {
  async function since(
    cursor?: string,
  ): Promise<{ readonly cursor: string; readonly consents: readonly string[] }> {
    const query = cursor === undefined ? "" : `?since=${cursor}`;
    const { status, body } = await world.asService(
      "GET",
      `/internal/revocations${query}`,
      undefined,
      "gateway",
    );
    expect(status).toBe(200);
    return body as { cursor: string; consents: string[] };
  }

  test("are told once each, in the order in which they ended", async () => {
    const { cursor } = await since();
    const ids = [await world.authorised(), await world.authorised(), await world.authorised()];
    expect(await since(cursor)).toEqual({ cursor, consents: [] });
    for (const id of ids.toReversed()) await world.asPartner("DELETE", `${CONSENTS_PATH}/${id}`);
    const first = await since(cursor);
    expect(first.consents).toEqual(ids.toReversed());
    expect(await since(first.cursor)).toEqual({ cursor: first.cursor, consents: [] });
    expect((await since()).consents.slice(-3)).toEqual(ids.toReversed());
  });

  test("are never missed, though many end at one time", async () => {
    const { cursor: start } = await since();
    const ids = await Promise.all(Array.from({ length: 24 }, () => world.authorised()));
    const ending = Promise.all(ids.map((id) => world.asPartner("DELETE", `${CONSENTS_PATH}/${id}`)));
    const seen: string[] = [];
    let cursor = start;
    while (seen.length < ids.length) {
      const next = await since(cursor);
      seen.push(...next.consents);
      ({ cursor } = next);
    }
    await ending;
    expect(seen.toSorted()).toEqual(ids.toSorted());
  });

  test("with a cursor that is none are refused", async () => {
    expect(
      await world.asService("GET", "/internal/revocations?since=1;drop", undefined, "gateway"),
    ).toMatchObject({
      status: 400,
    });
  });
});
