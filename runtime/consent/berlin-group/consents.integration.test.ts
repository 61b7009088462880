import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { BERLIN_GROUP_PATH } from "../../service/berlin-group.ts";
import { berlinGroupDefinition } from "../../service/testing/berlin-group-definition.ts";
import { bodiesOf, valuesLike } from "../../service/testing/obuk-fuzz.ts";
import {
  CONSENTS_PATH,
  OTHERS,
  startConsents,
  YES_BODY,
  type TestConsents,
} from "../testing/consent-service.ts";
import { daysAfter, NOON } from "../testing/consents.ts";

/** Requests made up from the definition; FUZZ_CASES has more of them. */
const CASES = Number(process.env["FUZZ_CASES"] ?? 40);
/** Longer ids the framework answers by itself, with 414. */
const SHORT = 60;

let world: TestConsents;
beforeAll(async () => {
  world = await startConsents();
});
afterAll(() => world.stop());
beforeEach(() => world.begin());

const PATH = `${BERLIN_GROUP_PATH}/consents`;
const BODY = {
  access: { balances: [], transactions: [] },
  recurringIndicator: true,
  validUntil: "9999-12-31",
  frequencyPerDay: 2,
  combinedServiceIndicator: false,
};

function call(method: "POST" | "GET" | "DELETE", path: string, payload?: object, client?: string) {
  return world.asPartner(method, path, {
    headers: { "x-request-id": randomUUID(), "psu-ip-address": "192.0.2.1" },
    ...(client === undefined ? {} : { client }),
    ...(payload === undefined ? {} : { payload }),
  });
}
async function asked(client?: string): Promise<string> {
  const { body } = await call("POST", PATH, BODY, client);
  return String(body["consentId"]);
}
const say = (id: string, what: "authorise" | "reject" | "withdraw", body: object = YES_BODY) =>
  world.asService("POST", `/internal/consents/${id}/${what}`, body);
const refused = (status: number, code: string) => ({ status, body: { tppMessages: [{ code }] } });

describe("a partner", () => {
  test("asks for a consent and is shown the way to the customer's authorisation", async () => {
    const { status, body } = await call("POST", PATH, BODY);
    const at = `https://api.test${PATH}/${String(body["consentId"])}`;
    expect({ status, body }).toMatchObject({
      status: 201,
      body: {
        consentStatus: "received",
        _links: {
          scaOAuth: { href: "https://auth.test/.well-known/oauth-authorization-server" },
          self: { href: at },
          status: { href: `${at}/status` },
        },
      },
    });
    expect(world.answers.at(-1)?.headers).toMatchObject({ location: at, "aspsp-sca-approach": "REDIRECT" });
  });

  test("reads what it gives, and the same in the other dialect", async () => {
    const id = await asked();
    expect(await call("GET", `${PATH}/${id}`)).toEqual({
      status: 200,
      body: {
        access: { accounts: [], balances: [], transactions: [] },
        recurringIndicator: true,
        validUntil: daysAfter(180).toISOString().slice(0, 10),
        frequencyPerDay: 2,
        lastActionDate: NOON.toISOString().slice(0, 10),
        consentStatus: "received",
      },
    });
    expect(await world.asPartner("GET", `${CONSENTS_PATH}/${id}`)).toMatchObject({
      body: {
        Data: {
          Status: "AWAU",
          Permissions: [
            "ReadAccountsDetail",
            "ReadBalances",
            "ReadTransactionsDetail",
            "ReadTransactionsCredits",
            "ReadTransactionsDebits",
          ],
        },
      },
    });
  });

  test("reads a consent of the other dialect as one of this", async () => {
    const id = await world.authorised();
    expect(await call("GET", `${PATH}/${id}`)).toMatchObject({
      status: 200,
      body: {
        access: { accounts: [{ other: { identification: "acc-1" } }], balances: [{}] },
        frequencyPerDay: 4,
        consentStatus: "valid",
      },
    });
  });

  test.each([
    ["authorise", "valid", "finalised"],
    ["reject", "rejected", "failed"],
  ] as const)("is told when the customer said: %s", async (what, status, sca) => {
    const id = await asked();
    const list = await call("GET", `${PATH}/${id}/authorisations`);
    const [authorisation = ""] = list.body["authorisationIds"] as readonly string[];
    const scaStatus = () => call("GET", `${PATH}/${id}/authorisations/${authorisation}`);
    expect(await scaStatus()).toEqual({ status: 200, body: { scaStatus: "received" } });
    await say(id, what);
    expect(await call("GET", `${PATH}/${id}/status`)).toEqual({
      status: 200,
      body: { consentStatus: status },
    });
    expect(await scaStatus()).toEqual({ status: 200, body: { scaStatus: sca } });
    expect(await call("POST", `${PATH}/${id}/authorisations`, {})).toMatchObject(
      refused(409, "STATUS_INVALID"),
    );
  });

  test("repeats the start of an authorisation under one X-Request-ID, and is answered 201 when she has agreed meanwhile", async () => {
    const id = await asked();
    const headers = { "x-request-id": randomUUID(), "psu-ip-address": "192.0.2.1" };
    const start = () => world.asPartner("POST", `${PATH}/${id}/authorisations`, { headers, payload: {} });
    const first = await start();
    expect(first).toMatchObject({ status: 201, body: { scaStatus: "received" } });
    expect(await start()).toEqual(first);
    await say(id, "authorise");
    expect(await start()).toMatchObject({
      status: 201,
      body: { scaStatus: "finalised", authorisationId: first.body["authorisationId"] },
    });
    expect(await call("POST", `${PATH}/${id}/authorisations`, {})).toMatchObject(
      refused(409, "STATUS_INVALID"),
    );
  });

  test("starts an authorisation and gets the one there is", async () => {
    const id = await asked();
    const started = await call("POST", `${PATH}/${id}/authorisations`, {});
    const { body } = await call("GET", `${PATH}/${id}/authorisations`);
    expect(started).toMatchObject({ status: 201, body: { scaStatus: "received", _links: { scaOAuth: {} } } });
    expect(body["authorisationIds"]).toEqual([started.body["authorisationId"]]);
    const unknown = await call("GET", `${PATH}/${id}/authorisations/aut-0`);
    expect(unknown).toMatchObject(refused(404, "RESOURCE_UNKNOWN"));
  });

  test("deletes its consent, which it finds ended in both dialects", async () => {
    const id = await asked();
    await say(id, "authorise");
    expect(await call("DELETE", `${PATH}/${id}`)).toEqual({ status: 204, body: {} });
    expect(world.told()).toEqual([{ consent: id, state: "CANC" }]);
    expect((await call("GET", `${PATH}/${id}/status`)).body).toEqual({ consentStatus: "terminatedByTpp" });
    expect(await world.asPartner("GET", `${CONSENTS_PATH}/${id}`)).toMatchObject({ status: 400 });
    expect(await call("DELETE", `${PATH}/${id}`)).toMatchObject(refused(409, "STATUS_INVALID"));
  });

  test("learns that the customer took it back, and that its time is over", async () => {
    const [withdrawn, overdue] = [await asked(), await asked()];
    await say(withdrawn, "authorise");
    await say(withdrawn, "withdraw", { customer: YES_BODY.customer });
    expect((await call("GET", `${PATH}/${withdrawn}/status`)).body).toEqual({
      consentStatus: "revokedByPsu",
    });
    world.at(daysAfter(2));
    expect((await call("GET", `${PATH}/${overdue}/status`)).body).toEqual({ consentStatus: "expired" });
  });

  test("is told at once all that is wrong, by the names of what it sent", async () => {
    const wrong = { ...BODY, access: { allPsd2: "allAccounts" }, recurringIndicator: false };
    expect(await call("POST", PATH, wrong)).toMatchObject({
      status: 400,
      body: { tppMessages: [{ path: "access.allPsd2" }, { path: "recurringIndicator" }] },
    });
    const past = await call("POST", PATH, { ...BODY, validUntil: "2026-11-01" });
    expect(past).toMatchObject({ status: 400, body: { tppMessages: [{ path: "validUntil" }] } });
    expect(JSON.stringify(past.body)).not.toContain("Data.");
    const blind = await world.asPartner("POST", PATH, {
      payload: BODY,
      headers: { "x-request-id": randomUUID() },
    });
    expect(blind).toMatchObject({ status: 400, body: { tppMessages: [{ path: "PSU-IP-Address" }] } });
  });

  test("gets nothing when it is not listed, and nothing of another's", async () => {
    expect(await call("POST", PATH, BODY, "ptn-000000000000000f")).toMatchObject(
      refused(401, "ROLE_INVALID"),
    );
    const id = await asked(OTHERS);
    for (const [method, rest] of [
      ["GET", ""],
      ["GET", "/status"],
      ["DELETE", ""],
    ] as const) {
      expect(await call(method, `${PATH}/${id}${rest}`)).toMatchObject(refused(403, "CONSENT_UNKNOWN"));
      expect(await call(method, `${PATH}/none-%00${rest}`)).toMatchObject(refused(403, "CONSENT_UNKNOWN"));
    }
    expect(await call("GET", `${PATH}/${id}/authorisations`)).toMatchObject(refused(404, "RESOURCE_UNKNOWN"));
  });
});

test("no more calls a day are counted than the partner asked for, nor than the policy allows", async () => {
  const given = async (frequencyPerDay: number): Promise<number> => {
    const { body } = await call("POST", PATH, { ...BODY, frequencyPerDay });
    const counted: boolean[] = [];
    for (let calls = 0; calls < 6; calls += 1) {
      const { rows } = await world.database.query<{ readonly allowed: boolean }>(
        "select consent.unattended($1, 'accounts', $2) as allowed",
        [body["consentId"], NOON],
      );
      counted.push(rows[0]?.allowed === true);
    }
    return counted.filter(Boolean).length;
  };
  expect([await given(2), await given(99)]).toEqual([2, 4]);
});

test("what was asked for cannot be changed afterwards", async () => {
  const id = await asked();
  await expect(
    world.database.query(`update consents set berlin_group = '{"frequencyPerDay": 99}' where id = $1`, [id]),
  ).rejects.toThrow("cannot change");
});

const definition = berlinGroupDefinition();
test.skipIf(definition === undefined)("whatever is sent is answered, below 500", async () => {
  const bodies = bodiesOf(definition?.document ?? {}, "#/components/schemas/consents");
  const ids = valuesLike("aac-1").filter((id) => id !== "" && id.length <= SHORT);
  const property = fc.asyncProperty(bodies, ids, async (body, id) => {
    const payload = typeof body === "object" && body !== null ? body : {};
    expect((await call("POST", PATH, payload)).status).toBeLessThan(500);
    const path = `${PATH}/${encodeURIComponent(id.toWellFormed())}`;
    for (const each of [
      (at: string) => call("GET", at),
      (at: string) => call("POST", `${at}/authorisations`, payload),
    ])
      expect((await each(path)).status).toBeLessThan(500);
  });
  await fc.assert(property, { numRuns: CASES, seed: 20_261_123, endOnFailure: true });
});

test.skipIf(definition === undefined)(
  "every answer to a partner was as the standard defines it (skipped without its OpenAPI definition: see berlin-group-definition.ts)",
  () => {
    const answers = world.answers.filter(({ path }) => path.startsWith(PATH));
    expect(answers.length).toBeGreaterThan(30);
    expect(answers.flatMap((each) => definition?.faults(each) ?? [])).toEqual([]);
  },
);
