import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { obukDefinitions } from "../service/testing/obuk-definitions.ts";
import { CONSENTS_PATH, OTHERS, OURS, startConsents, type TestConsents } from "./testing/consent-service.ts";
import { daysAfter, NOON, requestOf } from "./testing/consents.ts";

let world: TestConsents;
beforeAll(async () => {
  world = await startConsents();
});
afterAll(() => world.stop());
beforeEach(() => world.begin());

describe("a partner", () => {
  test("asks for a consent and reads it as it waits", async () => {
    const id = await world.asked();
    const read = await world.asPartner("GET", `${CONSENTS_PATH}/${id}`);
    expect(read).toMatchObject({
      status: 200,
      body: {
        Data: {
          ConsentId: id,
          Status: "AWAU",
          StatusReason: [{ StatusReasonCode: "U036" }],
          CreationDateTime: NOON.toISOString(),
          ExpirationDateTime: daysAfter(180).toISOString(),
          Permissions: ["ReadAccountsBasic", "ReadBalances"],
        },
        Risk: {},
        Links: { Self: `https://api.test${CONSENTS_PATH}/${id}` },
      },
    });
  });

  test("is told everything that is wrong with its request", async () => {
    const payload = requestOf({ Permissions: ["ReadPAN"], ExpirationDateTime: daysAfter(999).toISOString() });
    const { status, body } = await world.asPartner("POST", CONSENTS_PATH, { payload });
    expect({ status, body }).toMatchObject({
      status: 400,
      body: { Errors: [{ ErrorCode: "U002" }, { ErrorCode: "U002" }, { ErrorCode: "U003" }] },
    });
    expect(JSON.stringify(body)).toContain(
      "Permission ReadPAN breaks rule permissions of consent policy ke-standard",
    );
  });

  test("gets nothing when it is not listed", async () => {
    const payload = requestOf();
    const answer = await world.asPartner("POST", CONSENTS_PATH, { client: "ptn-000000000000000f", payload });
    expect(answer).toMatchObject({ status: 403, body: { Errors: [{ ErrorCode: "U008" }] } });
  });

  test("deletes its consent once, and then it is not there any more", async () => {
    const id = await world.authorised();
    expect(await world.asPartner("DELETE", `${CONSENTS_PATH}/${id}`)).toEqual({ status: 204, body: {} });
    expect(await world.asPartner("GET", `${CONSENTS_PATH}/${id}`)).toMatchObject({
      status: 400,
      body: { Errors: [{ ErrorCode: "U011" }] },
    });
    expect(await world.asPartner("DELETE", `${CONSENTS_PATH}/${id}`)).toMatchObject({ status: 400 });
    expect(await world.states(id)).toEqual([{ state: "CANC", ended_by: "delete" }]);
    expect(world.told()).toEqual([{ consent: id, state: "CANC" }]);
  });

  test("cannot delete what ended otherwise", async () => {
    const id = await world.asked();
    await world.asService("POST", `/internal/consents/${id}/reject`);
    expect(await world.asPartner("DELETE", `${CONSENTS_PATH}/${id}`)).toMatchObject({
      status: 400,
      body: { Errors: [{ ErrorCode: "U009" }] },
    });
    expect(await world.asPartner("GET", `${CONSENTS_PATH}/${id}`)).toMatchObject({
      status: 200,
      body: { Data: { Status: "RJCT" } },
    });
  });

  // To one with gateways of its own there is no other's: it is not even told that the consent exists.
  test.each([
    { who: "one of many", client: OTHERS, of: OURS, status: 403 },
    { who: "one with gateways of its own", client: OURS, of: OTHERS, status: 400 },
  ])("that is $who may not see or delete another's consent", async ({ client, of, status }) => {
    const id = await world.asked(of);
    for (const method of ["GET", "DELETE"] as const) {
      expect(await world.asPartner(method, `${CONSENTS_PATH}/${id}`, { client })).toMatchObject({ status });
    }
    expect(await world.states(id)).toMatchObject([{ state: "AWAU" }]);
  });

  // Postgres takes no U+0000, which is %00 in an address.
  test.each(["aac-unknown", "aac-%00"])(
    "is told that the unknown consent %s is a bad request",
    async (id) => {
      expect(await world.asPartner("GET", `${CONSENTS_PATH}/${id}`)).toMatchObject({
        status: 400,
        body: { Errors: [{ ErrorCode: "U011" }] },
      });
    },
  );

  test("is told when its body is no JSON", async () => {
    expect(await world.asPartner("POST", CONSENTS_PATH, { payload: "{" })).toMatchObject({
      status: 400,
      body: { Errors: [{ ErrorCode: "U010" }] },
    });
  });
});

const obuk = obukDefinitions("account-info");
test.skipIf(obuk === undefined)(
  "every answer to a partner was as the standard defines it (skipped without its OpenAPI definition: see obuk-definitions.ts)",
  () => {
    expect(world.answers.length).toBeGreaterThan(12);
    const schemaOf = (status: number) => (status < 400 ? "OBReadConsentResponse1" : "OBErrorResponse1");
    expect(world.answers.flatMap(({ status, body }) => obuk?.(schemaOf(status), body) ?? [])).toEqual([]);
  },
);
