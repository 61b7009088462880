import type { FastifyInstance } from "fastify";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { asRole, startStackDatabase, type StackDatabase } from "../database/testing/stack-database.ts";
import { CONTEXT_HEADER, encodeContext } from "../service/context.ts";
import { createLog } from "../service/logger.ts";
import { createDatabase, type Database } from "../service/postgres.ts";
import type { ListedPartner } from "../service/shards.ts";
import { obukDefinitions } from "../service/testing/obuk-definitions.ts";
import { CONSENTS_PATH } from "./answer.ts";
import { consentApp } from "./app.ts";
import { AWAITING_MS } from "./consent.ts";
import { endFormerPartners, expireOverdue } from "./housekeeping.ts";
import { changeConsent, type ChangeConsent } from "./registry.ts";
import { createConsentStore, type ConsentStore } from "./store.ts";
import { daysAfter, NOON, POLICY, requestOf } from "./testing/consents.ts";

const OURS = "ptn-0000000000000001";
const OTHERS = "ptn-0000000000000002";
const log = createLog("consent", { level: "silent" });

let stack: StackDatabase;
let database: Database;
let store: ConsentStore;
let change: ChangeConsent;
let app: FastifyInstance;
let now: Date;
let peer: string;
let serial = 0;
/** What was told to gateways, each with the state it had in the database at that moment. */
let told: { readonly consent: string; readonly state: string | undefined }[];
/** Everything partners were answered, by the schema it must have. */
const answers: { readonly schema: string; readonly body: unknown }[] = [];

beforeAll(async () => {
  stack = await startStackDatabase();
  const identity = await stack.identity("consent");
  database = createDatabase({ config: stack.database, user: "consent", identity, log });
  store = createConsentStore(database);
  change = changeConsent({
    store,
    log,
    clock: () => now,
    tellRevoked: async (consent) => {
      told.push({ consent, state: (await store.find(consent))?.state });
    },
  });
  const partner = (clientId: string): ListedPartner | undefined =>
    [OURS, OTHERS].includes(clientId)
      ? ({ clientId, suspended: false, shard: { policy: POLICY } } as unknown as ListedPartner)
      : undefined;
  app = consentApp({
    server: { log, namespace: "stack-test", peerOf: () => peer },
    store,
    change,
    partners: { partner },
    clock: () => now,
    newId: () => `aac-${(serial += 1)}`,
    apiHost: "api.test",
  });
});
afterAll(async () => {
  await app.close();
  await database.close();
  await stack.stop();
});
beforeEach(() => {
  now = NOON;
  peer = "gateway";
  told = [];
});
afterEach(async () => {
  now = daysAfter(10_000);
  await expireOverdue(store, change, now);
});

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** Calls as the gateway does for a partner. */
async function asPartner(
  method: "POST" | "GET" | "DELETE",
  path: string,
  { client = OURS, payload }: { readonly client?: string; readonly payload?: object } = {},
): Promise<Answer> {
  peer = "gateway";
  const context = encodeContext({
    clientId: client,
    partnerName: "Acme",
    scope: "accounts",
    interactionId: "4f1f6f2e-97a4-4b22-8d3c-0c7d3ab3c1de",
  });
  const response = await app.inject({
    method,
    url: path,
    headers: { [CONTEXT_HEADER]: context },
    ...(payload === undefined ? {} : { payload }),
  });
  const body = response.body === "" ? {} : response.json<Record<string, unknown>>();
  if (response.body !== "") {
    answers.push({ schema: response.statusCode < 400 ? "OBReadConsentResponse1" : "OBErrorResponse1", body });
  }
  return { status: response.statusCode, body };
}

async function asService(
  method: "POST" | "GET",
  path: string,
  payload?: object,
  from = "oauth",
): Promise<Answer> {
  peer = from;
  const response = await app.inject({ method, url: path, ...(payload === undefined ? {} : { payload }) });
  return { status: response.statusCode, body: response.json() };
}

async function asked(client = OURS): Promise<string> {
  const { status, body } = await asPartner("POST", CONSENTS_PATH, { client, payload: requestOf() });
  expect(status).toBe(201);
  return (body["Data"] as { readonly ConsentId: string }).ConsentId;
}

const yes = {
  customer: "cus-amina",
  accounts: ["acc-1"],
  grantId: "g-1",
  sca: { method: "otp", at: NOON.toISOString() },
};

async function authorised(): Promise<string> {
  const id = await asked();
  expect(await asService("POST", `/internal/consents/${id}/authorise`, yes)).toMatchObject({ status: 200 });
  return id;
}

function states(id: string): Promise<readonly Record<string, unknown>[]> {
  return asRole(stack, "consent", (query) =>
    query("select state, ended_by from consents where id = $1", [id]),
  );
}

describe("a partner", () => {
  test("asks for a consent and reads it as it waits", async () => {
    const id = await asked();
    const read = await asPartner("GET", `${CONSENTS_PATH}/${id}`);
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
    const { status, body } = await asPartner("POST", CONSENTS_PATH, { payload });
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
    const answer = await asPartner("POST", CONSENTS_PATH, { client: "ptn-000000000000000f", payload });
    expect(answer).toMatchObject({ status: 403, body: { Errors: [{ ErrorCode: "U008" }] } });
  });

  test("deletes its consent once, and then it is not there any more", async () => {
    const id = await authorised();
    expect(await asPartner("DELETE", `${CONSENTS_PATH}/${id}`)).toEqual({ status: 204, body: {} });
    expect(await asPartner("GET", `${CONSENTS_PATH}/${id}`)).toMatchObject({
      status: 400,
      body: { Errors: [{ ErrorCode: "U011" }] },
    });
    expect(await asPartner("DELETE", `${CONSENTS_PATH}/${id}`)).toMatchObject({ status: 400 });
    expect(await states(id)).toEqual([{ state: "CANC", ended_by: "delete" }]);
    expect(told).toEqual([{ consent: id, state: "CANC" }]);
  });

  test("cannot delete what ended otherwise", async () => {
    const id = await asked();
    await asService("POST", `/internal/consents/${id}/reject`);
    expect(await asPartner("DELETE", `${CONSENTS_PATH}/${id}`)).toMatchObject({
      status: 400,
      body: { Errors: [{ ErrorCode: "U009" }] },
    });
    expect(await asPartner("GET", `${CONSENTS_PATH}/${id}`)).toMatchObject({
      status: 200,
      body: { Data: { Status: "RJCT" } },
    });
  });

  test("may not see or delete another's consent", async () => {
    const id = await asked(OTHERS);
    for (const method of ["GET", "DELETE"] as const) {
      expect(await asPartner(method, `${CONSENTS_PATH}/${id}`)).toMatchObject({ status: 403 });
    }
    expect(await states(id)).toMatchObject([{ state: "AWAU" }]);
  });

  test("is told that an unknown consent is a bad request", async () => {
    expect(await asPartner("GET", `${CONSENTS_PATH}/aac-unknown`)).toMatchObject({
      status: 400,
      body: { Errors: [{ ErrorCode: "U011" }] },
    });
  });

  test("is told when its body is no JSON", async () => {
    peer = "gateway";
    const response = await app.inject({
      method: "POST",
      url: CONSENTS_PATH,
      headers: { "content-type": "application/json" },
      payload: "{",
    });
    answers.push({ schema: "OBErrorResponse1", body: response.json() });
    expect(response.statusCode).toBe(400);
  });
});

describe("time", () => {
  test("ends a request nobody authorised, at once for readers and later in the table", async () => {
    const id = await asked();
    now = new Date(NOON.getTime() + AWAITING_MS);
    expect(await asPartner("GET", `${CONSENTS_PATH}/${id}`)).toMatchObject({
      body: { Data: { Status: "EXPD", StatusReason: [{ StatusReasonCode: "TKXP" }] } },
    });
    expect(await asService("POST", `/internal/consents/${id}/authorise`, yes)).toMatchObject({ status: 409 });
    expect(await states(id)).toMatchObject([{ state: "AWAU" }]);
    await expireOverdue(store, change, now);
    expect(await states(id)).toEqual([{ state: "EXPD", ended_by: "expire" }]);
  });

  test("ends an authorised consent at its end and not before", async () => {
    const id = await authorised();
    now = new Date(daysAfter(180).getTime() - 1);
    await expireOverdue(store, change, now);
    expect(await states(id)).toMatchObject([{ state: "AUTH" }]);
    now = daysAfter(180);
    await expireOverdue(store, change, now);
    expect(await states(id)).toMatchObject([{ state: "EXPD" }]);
    expect(told).toEqual([{ consent: id, state: "EXPD" }]);
  });
});

describe("oauth", () => {
  test("authorises, and the snapshot says so", async () => {
    const id = await authorised();
    expect(await asService("GET", `/internal/consents/${id}`, undefined, "gateway")).toMatchObject({
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

  test("may repeat an authorisation whose answer was lost", async () => {
    const id = await authorised();
    expect(await asService("POST", `/internal/consents/${id}/authorise`, yes)).toMatchObject({ status: 200 });
    const events = await asRole(stack, "consent", (query) =>
      query("select type from outbox where subject = $1", [id]),
    );
    expect(events.map(({ type }) => type)).toEqual(["consent.requested", "consent.authorised"]);
  });

  test("of sixteen customers at one time, one wins", async () => {
    const id = await asked();
    const tries = await Promise.all(
      Array.from({ length: 16 }, (_, n) =>
        asService("POST", `/internal/consents/${id}/authorise`, {
          ...yes,
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
    const id = await authorised();
    const withdraw = (customer: string) =>
      asService("POST", `/internal/consents/${id}/withdraw`, { customer });
    expect(await withdraw("cus-brian")).toMatchObject({ status: 409 });
    expect(await withdraw("cus-amina")).toMatchObject({ status: 200, body: { status: "CANC" } });
    expect(told).toEqual([{ consent: id, state: "CANC" }]);
  });

  test("lists a customer's consents", async () => {
    const id = await asked();
    await asService("POST", `/internal/consents/${id}/authorise`, { ...yes, customer: "cus-carol" });
    expect(await asService("GET", "/internal/customers/cus-carol/consents")).toMatchObject({
      body: { consents: [{ id, status: "AUTH" }] },
    });
  });

  test.each([
    { path: "authorise", payload: { ...yes, accounts: [] } },
    { path: "authorise", payload: {} },
    { path: "withdraw", payload: {} },
  ])("is told that $path with $payload is malformed", async ({ path, payload }) => {
    const id = await asked();
    expect(await asService("POST", `/internal/consents/${id}/${path}`, payload)).toMatchObject({
      status: 400,
    });
  });

  test("is told when there is no such consent", async () => {
    expect(await asService("GET", "/internal/consents/aac-none")).toMatchObject({ status: 404 });
    expect(await asService("POST", "/internal/consents/aac-none/reject")).toMatchObject({ status: 404 });
  });
});

describe("only who may", () => {
  test.each(["gateway", "banking"])("%s cannot authorise, reject or withdraw", async (from) => {
    const id = await asked();
    for (const action of ["authorise", "reject", "withdraw"]) {
      expect(await asService("POST", `/internal/consents/${id}/${action}`, yes, from)).toMatchObject({
        status: 403,
      });
    }
    expect(await states(id)).toMatchObject([{ state: "AWAU" }]);
  });

  test("oauth cannot speak for partners", async () => {
    expect(await asService("POST", CONSENTS_PATH, requestOf(), "oauth")).toMatchObject({ status: 403 });
  });

  test("a stranger gets nothing", async () => {
    expect(await asService("GET", "/internal/revocations", undefined, "seed")).toMatchObject({ status: 403 });
  });
});

describe("revocations", () => {
  async function since(
    cursor?: string,
  ): Promise<{ readonly cursor: string; readonly consents: readonly string[] }> {
    const query = cursor === undefined ? "" : `?since=${cursor}`;
    const { status, body } = await asService("GET", `/internal/revocations${query}`, undefined, "gateway");
    expect(status).toBe(200);
    return body as { cursor: string; consents: string[] };
  }

  test("are told once each, in the order in which they ended", async () => {
    const { cursor } = await since();
    const ids = [await authorised(), await authorised(), await authorised()];
    expect(await since(cursor)).toEqual({ cursor, consents: [] });
    for (const id of ids.toReversed()) await asPartner("DELETE", `${CONSENTS_PATH}/${id}`);
    const first = await since(cursor);
    expect(first.consents).toEqual(ids.toReversed());
    expect(await since(first.cursor)).toEqual({ cursor: first.cursor, consents: [] });
    expect((await since()).consents.slice(-3)).toEqual(ids.toReversed());
  });

  test("are never missed, though many end at one time", async () => {
    const { cursor: start } = await since();
    const ids = await Promise.all(Array.from({ length: 24 }, authorised));
    const ending = Promise.all(ids.map((id) => asPartner("DELETE", `${CONSENTS_PATH}/${id}`)));
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
    expect(await asService("GET", "/internal/revocations?since=1;drop", undefined, "gateway")).toMatchObject({
      status: 400,
    });
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
    const ours = await authorised();
    const waiting = await asked();
    const others = await asked(OTHERS);
    await endFormerPartners(store, change, roster([OTHERS]));
    expect(await states(ours)).toEqual([{ state: "CANC", ended_by: "endPartner" }]);
    expect(await states(waiting)).toEqual([{ state: "CANC", ended_by: "endPartner" }]);
    expect(await states(others)).toMatchObject([{ state: "AWAU" }]);
    expect(told.map(({ consent }) => consent).toSorted()).toEqual([ours, waiting].toSorted());
  });

  test("is not believed without a roster", async () => {
    const id = await asked();
    await endFormerPartners(store, change, undefined);
    expect(await states(id)).toMatchObject([{ state: "AWAU" }]);
  });
});

describe("the database", () => {
  test("keeps outbox and audit leaf with every change, or none of them", async () => {
    const id = await authorised();
    const rows = await asRole(stack, "consent", (query) =>
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
    const failed = database.transaction(async (tx) => {
      await tx.query("update consents set state = 'CANC', ended_by = 'delete' where id = $1", [id]);
      await tx.query("insert into outbox (at, type, subject, payload) values (now(), null, $1, '{}')", [id]);
    });
    await expect(failed).rejects.toThrow(/null value in column "type"/);
    expect(await states(id)).toMatchObject([{ state: "AUTH" }]);
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
    const id = await authorised();
    if (ended) await asPartner("DELETE", `${CONSENTS_PATH}/${id}`);
    await expect(asRole(stack, "consent", (query) => query(sql, [id]))).rejects.toThrow(
      /cannot go from|cannot change|violates check|permission denied/,
    );
  });
});

const obuk = obukDefinitions();
test.skipIf(obuk === undefined)(
  "every answer to a partner was as the standard defines it (skipped without its OpenAPI definition: see obuk-definitions.ts)",
  () => {
    expect(answers.length).toBeGreaterThan(20);
    expect(answers.flatMap(({ schema, body }) => obuk?.(schema, body) ?? [])).toEqual([]);
  },
);
