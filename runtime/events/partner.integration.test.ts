import { createLocalJWKSet, jwtVerify } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { obukDefinitions } from "../service/testing/obuk-definitions.ts";
import { EVENTS_PATH } from "./polling-routes.ts";
import { SUBSCRIPTIONS_PATH } from "./subscription-routes.ts";
import { startEvents, type TestEvents } from "./testing/events-service.ts";
import { CLIENT, OTHER_CLIENT } from "./testing/outbox.ts";

let world: TestEvents;
beforeAll(async () => {
  world = await startEvents();
});
afterAll(() => world?.stop());
beforeEach(() => world.begin());

interface Polled {
  readonly moreAvailable: boolean;
  readonly sets: Readonly<Record<string, string>>;
}
const poll = async (request: object = {}, client = CLIENT): Promise<Polled> => {
  const { status, body } = await world.asPartner(
    "POST",
    EVENTS_PATH,
    { returnImmediately: true, ...request },
    client,
  );
  expect({ status, body }).toMatchObject({ status: 200 });
  return body as unknown as Polled;
};
const subjects = async ({ sets }: Polled): Promise<readonly unknown[]> =>
  Promise.all(
    Object.entries(sets).map(async ([jti, token]) => {
      const { payload } = await jwtVerify(token, createLocalJWKSet({ keys: [...world.keys] }), {
        issuer: "https://auth.test",
        audience: CLIENT,
        typ: "secevent+jwt",
        currentDate: world.now(),
      });
      expect(payload.jti).toBe(jti);
      return payload.sub?.split("/").at(-1);
    }),
  );
const subscribe = (data: object = {}, client = CLIENT) =>
  world.asPartner("POST", SUBSCRIPTIONS_PATH, { Data: { Version: "4.0", ...data } }, client);

describe("a partner that polls", () => {
  test("gets what happened in order, signed, until it acknowledges", async () => {
    await world.happen({ subject: "aac-1" }, { subject: "aac-2" }, { subject: "aac-3" });
    const first = await poll({ maxEvents: 2 });
    expect(first.moreAvailable).toBe(true);
    expect(await subjects(first)).toEqual(["aac-1", "aac-2"]);
    expect(Object.keys((await poll({ maxEvents: 2 })).sets)).toEqual(Object.keys(first.sets));
    const next = await poll({ ack: Object.keys(first.sets) });
    expect(next.moreAvailable).toBe(false);
    expect(await subjects(next)).toEqual(["aac-3"]);
    expect(await poll({ ack: Object.keys(next.sets) })).toEqual({ moreAvailable: false, sets: {} });
  });

  test("is not sent again what it could not use, and the bank keeps why", async () => {
    await world.happen({});
    const [jti = ""] = Object.keys((await poll()).sets);
    await poll({ setErrs: { [jti]: { err: "jws", description: "The signature is wrong." } } });
    expect(await poll()).toEqual({ moreAvailable: false, sets: {} });
    const { rows } = await world.database.query("select done_by, error from notification");
    expect(rows).toEqual([
      { done_by: "error", error: { err: "jws", description: "The signature is wrong." } },
    ]);
  });

  test("may ask for none and learn that there are some", async () => {
    await world.happen({});
    expect(await poll({ maxEvents: 0 })).toEqual({ moreAvailable: true, sets: {} });
    expect(await world.asPartner("POST", EVENTS_PATH, { maxEvents: 0 })).toMatchObject({ status: 200 });
  });

  test("and waits is answered when something happens", async () => {
    const answer = world.asPartner("POST", EVENTS_PATH, { returnImmediately: false });
    await world.happen({ subject: "aac-9" });
    expect(await subjects((await answer).body as unknown as Polled)).toEqual(["aac-9"]);
  });

  test("sees its own events only, and cannot acknowledge another's", async () => {
    await world.happen({ subject: "aac-1" }, { subject: "aac-2", payload: { client: OTHER_CLIENT } });
    const own = await poll();
    expect(await subjects(own)).toEqual(["aac-1"]);
    expect(Object.keys((await poll({ ack: Object.keys(own.sets) }, OTHER_CLIENT)).sets)).toHaveLength(1);
    expect(Object.keys((await poll()).sets)).toEqual(Object.keys(own.sets));
  });

  test("gets the types it subscribed to", async () => {
    await subscribe({ EventTypes: ["urn:uk:org:openbanking:events:resource-update"] });
    await world.happen(
      { subject: "aac-1", type: "consent.withdrawn" },
      { subject: "aac-2", type: "consent.authorised" },
    );
    expect(await subjects(await poll())).toEqual(["aac-2"]);
  });

  test("is told what is wrong with its request", async () => {
    expect(await world.asPartner("POST", EVENTS_PATH, { maxEvents: -1, more: true })).toMatchObject({
      status: 400,
      body: { Errors: [{ ErrorCode: "U005" }, { ErrorCode: "U002" }] },
    });
  });
});

describe("a partner's subscription", () => {
  test("is made, read, changed and deleted", async () => {
    const url = "https://tpp.example/event-notifications";
    const made = await subscribe({ CallbackUrl: url });
    const id = (made.body["Data"] as { readonly EventSubscriptionId: string }).EventSubscriptionId;
    const data = { EventSubscriptionId: id, Version: "4.0", CallbackUrl: url };
    expect(made).toMatchObject({ status: 201, body: { Data: data } });
    expect(await world.asPartner("GET", SUBSCRIPTIONS_PATH)).toMatchObject({
      status: 200,
      body: { Data: { EventSubscription: [data] } },
    });
    const changed = { EventSubscriptionId: id, Version: "4.0", EventTypes: [] };
    expect(await world.asPartner("PUT", `${SUBSCRIPTIONS_PATH}/${id}`, { Data: changed })).toMatchObject({
      status: 400,
    });
    expect(
      await world.asPartner("PUT", `${SUBSCRIPTIONS_PATH}/${id}`, {
        Data: { EventSubscriptionId: id, Version: "4.0" },
      }),
    ).toMatchObject({ status: 200, body: { Data: { EventSubscriptionId: id } } });
    expect(await world.asPartner("DELETE", `${SUBSCRIPTIONS_PATH}/${id}`)).toEqual({ status: 204, body: {} });
    expect(await world.asPartner("GET", SUBSCRIPTIONS_PATH)).toMatchObject({
      body: { Data: { EventSubscription: [] } },
    });
  });

  test("is the only one", async () => {
    await subscribe();
    expect(await subscribe()).toMatchObject({ status: 409, body: { Errors: [{ ErrorCode: "U029" }] } });
  });

  test("is nobody else's", async () => {
    const { body } = await subscribe();
    const { EventSubscriptionId: id } = body["Data"] as { readonly EventSubscriptionId: string };
    const path = `${SUBSCRIPTIONS_PATH}/${id}`;
    const data = { Data: { EventSubscriptionId: id, Version: "4.0" } };
    const refused = { status: 400, body: { Errors: [{ ErrorCode: "U011" }] } };
    expect(await world.asPartner("PUT", path, data, OTHER_CLIENT)).toMatchObject(refused);
    expect(await world.asPartner("DELETE", path, undefined, OTHER_CLIENT)).toMatchObject(refused);
    expect(await world.asPartner("GET", SUBSCRIPTIONS_PATH, undefined, OTHER_CLIENT)).toMatchObject({
      body: { Data: { EventSubscription: [] } },
    });
  });
});

const obuk = obukDefinitions("events");
test.skipIf(obuk === undefined)(
  "every answer to a partner was as the standard defines it (skipped without its OpenAPI definition: see obuk-definitions.ts)",
  () => {
    const schemaOf = (method: string, path: string, status: number): string => {
      if (status >= 400) return "OBErrorResponse1";
      if (path === EVENTS_PATH) return "OBEventPollingResponse1";
      return method === "GET" ? "OBEventSubscriptionsResponse1" : "OBEventSubscriptionResponse1";
    };
    const bodies = world.answers.filter(({ answer }) => answer.status !== 204);
    expect(bodies.length).toBeGreaterThan(20);
    expect(
      bodies.flatMap(({ method, path, answer: { status, body } }) => [
        ...(obuk?.(schemaOf(method, path, status), body) ?? []),
      ]),
    ).toEqual([]);
  },
);
