import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { BERLIN_GROUP_PATH } from "../../service/berlin-group.ts";
import type { ConsentKind } from "../../service/consent-snapshot.ts";
import { dynamicLink } from "../../service/dynamic-link.ts";
import { berlinGroupDefinition } from "../../service/testing/berlin-group-definition.ts";
import { obukDefinitions } from "../../service/testing/obuk-definitions.ts";
import { bodiesOf, valuesLike } from "../../service/testing/obuk-fuzz.ts";
import { rulesOf } from "../kinds/kinds.ts";
import { OTHERS, startConsents, YES_BODY, type TestConsents } from "../testing/consent-service.ts";
import { NOON } from "../testing/consents.ts";

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

const PATH = `${BERLIN_GROUP_PATH}/payments/sepa-credit-transfers`;
const PERIODIC = `${BERLIN_GROUP_PATH}/periodic-payments/sepa-credit-transfers`;
const BULK = `${BERLIN_GROUP_PATH}/bulk-payments/sepa-credit-transfers`;
const BODY = {
  debtorAccount: { iban: "DE40100100103307118608" },
  instructedAmount: { currency: "EUR", amount: "12.50" },
  creditorAccount: { iban: "DE75512108001245126199" },
  creditorName: "Kamau Stores",
};

function call(
  method: "POST" | "GET",
  path: string,
  payload?: object,
  { id = randomUUID(), client }: { readonly id?: string; readonly client?: string } = {},
) {
  return world.asPartner(method, path, {
    headers: { "x-request-id": id, "psu-ip-address": "192.0.2.1" },
    ...(client === undefined ? {} : { client }),
    ...(payload === undefined ? {} : { payload }),
  });
}
async function initiated(): Promise<string> {
  return String((await call("POST", PATH, BODY)).body["paymentId"]);
}
/** The consent as oauth reads it. */
const snapshot = async (id: string) =>
  (await world.asService("GET", `/internal/consents/${id}`)).body as {
    readonly status: string;
    readonly request: { readonly Initiation: { readonly DebtorAccount: object } };
  };
async function authorise(id: string, debtor?: object, kind: ConsentKind = "domestic-payment") {
  const { request } = await snapshot(id);
  const linked = dynamicLink(kind, request);
  return world.asService("POST", `/internal/consents/${id}/authorise`, {
    ...YES_BODY,
    sca: { ...YES_BODY.sca, linked },
    debtor: debtor ?? { ...request.Initiation.DebtorAccount, Name: "Anna Schmidt" },
  });
}
const refused = (status: number, code: string) => ({ status, body: { tppMessages: [{ code }] } });

test("a partner initiates a payment and is shown the way to the customer's authorisation", async () => {
  const { status, body } = await call("POST", PATH, BODY);
  const at = `https://api.test${PATH}/${String(body["paymentId"])}`;
  expect({ status, body }).toMatchObject({
    status: 201,
    body: {
      transactionStatus: "RCVD",
      _links: { scaOAuth: { href: expect.stringContaining("auth.test") as unknown }, self: { href: at } },
    },
  });
  expect(world.answers.at(-1)?.headers).toMatchObject({ location: at, "aspsp-sca-approach": "REDIRECT" });
});

test("the same X-Request-ID is the same payment, with another body it is refused", async () => {
  const id = randomUUID();
  const first = await call("POST", PATH, BODY, { id });
  expect(await call("POST", PATH, BODY, { id })).toEqual(first);
  const other = { ...BODY, creditorName: "Somebody else" };
  expect(await call("POST", PATH, other, { id })).toMatchObject(refused(400, "FORMAT_ERROR"));
  expect((await call("POST", PATH, BODY)).body["paymentId"]).not.toBe(first.body["paymentId"]);
});

test("a request is answered the same when the date it names has come or passed meanwhile", async () => {
  const dated = { ...BODY, requestedExecutionDate: "2026-11-22" };
  const periodic = { ...BODY, startDate: "2026-11-23", frequency: "Monthly" };
  for (const [path, body] of [
    [PATH, dated],
    [PERIODIC, periodic],
  ] as const) {
    const id = randomUUID();
    world.at(NOON);
    const first = await call("POST", path, body, { id });
    expect(first.status).toBe(201);
    // After midnight where the bank is.
    world.at(new Date("2026-11-22T21:30:00Z"));
    expect(await call("POST", path, body, { id })).toEqual(first);
    expect(await call("POST", path, { ...body, creditorName: "Other" }, { id })).toMatchObject(
      refused(400, "FORMAT_ERROR"),
    );
  }
});

test("what she authorised at the last moment stands for a day more, what she has not does not", async () => {
  const [late, never] = [await initiated(), await initiated()];
  world.at(new Date(NOON.getTime() + 86_399_000));
  expect(await authorise(late)).toMatchObject({ status: 200 });
  world.at(new Date(NOON.getTime() + 86_400_000));
  expect(await snapshot(never)).toMatchObject({ status: "EXPD" });
  world.at(new Date(NOON.getTime() + 2 * 86_400_000 - 1_000));
  expect(await snapshot(late)).toMatchObject({ status: "AUTH" });
  world.at(new Date(NOON.getTime() + 2 * 86_400_000));
  expect(await snapshot(late)).toMatchObject({ status: "EXPD" });
});

test("the customer's yes is to that payment, from that account", async () => {
  const id = await initiated();
  const path = `${PATH}/${id}/authorisations`;
  const { body } = await call("POST", path, {});
  expect(
    await authorise(id, { SchemeName: "UK.OBIE.IBAN", Identification: "other", Name: "A" }),
  ).toMatchObject({
    status: 409,
  });
  expect(await authorise(id)).toMatchObject({ status: 200, body: { status: "AUTH" } });
  expect((await call("GET", path)).body).toEqual({ authorisationIds: [body["authorisationId"]] });
  const one = await call("GET", `${path}/${String(body["authorisationId"])}`);
  expect(one).toEqual({ status: 200, body: { scaStatus: "finalised" } });
  expect(await call("POST", path, {})).toMatchObject(refused(409, "STATUS_INVALID"));
});

test("what cannot be read, is not offered or pays nothing is refused by the names of what was sent", async () => {
  const wrong = { ...BODY, instructedAmount: { currency: "EUR", amount: "0.00" } };
  expect(await call("POST", PATH, wrong)).toMatchObject({
    status: 400,
    body: { tppMessages: [{ code: "FORMAT_ERROR", path: "instructedAmount.amount" }] },
  });
  expect(await call("POST", PATH, { ...BODY, chargeBearer: "SLEV" })).toMatchObject({
    status: 400,
    body: { tppMessages: [{ code: "PARAMETER_NOT_SUPPORTED", path: "chargeBearer" }] },
  });
});

test("a payment of a later day is a scheduled payment, and is one in the other dialect", async () => {
  const { status, body } = await call("POST", PATH, { ...BODY, requestedExecutionDate: "2027-01-31" });
  expect(status).toBe(201);
  const id = String(body["paymentId"]);
  const read = await world.asPartner("GET", `${rulesOf("domestic-scheduled-payment").path}/${id}`);
  const when = { RequestedExecutionDateTime: "2027-01-31T00:00:00.000Z" };
  expect(read).toMatchObject({ status: 200, body: { Data: { Status: "AWAU", Initiation: when } } });
  const check = obukDefinitions("payment-initiation");
  expect(check?.("OBWriteDomesticScheduledConsentResponse5", read.body) ?? []).toEqual([]);
  expect(await authorise(id, undefined, "domestic-scheduled-payment")).toMatchObject({ status: 200 });
});

test.each([
  ["2026-11-21", "requestedExecutionDate is in the past."],
  ["2028-11-23", "requestedExecutionDate is more than two years ahead."],
])("a payment of %s is refused", async (requestedExecutionDate, text) => {
  expect(await call("POST", PATH, { ...BODY, requestedExecutionDate })).toMatchObject({
    status: 400,
    body: { tppMessages: [{ code: "EXECUTION_DATE_INVALID", path: "requestedExecutionDate", text }] },
  });
});

test("a periodic payment is a standing order, and is one in the other dialect", async () => {
  const payload = { ...BODY, startDate: "2027-01-15", endDate: "2027-12-31", frequency: "Monthly" };
  const { status, body } = await call("POST", PERIODIC, payload);
  const id = String(body["paymentId"]);
  const at = `https://api.test${PERIODIC}/${id}`;
  expect({ status, body }).toMatchObject({
    status: 201,
    body: { transactionStatus: "RCVD", _links: { self: { href: at } } },
  });
  const read = await world.asPartner("GET", `${rulesOf("domestic-standing-order").path}/${id}`);
  expect(read).toMatchObject({ status: 200, body: { Data: { Status: "AWAU" } } });
  const check = obukDefinitions("payment-initiation");
  expect(check?.("OBWriteDomesticStandingOrderConsentResponse6", read.body) ?? []).toEqual([]);
  const path = `${PERIODIC}/${id}/authorisations`;
  const { body: started } = await call("POST", path, {});
  expect(await authorise(id, undefined, "domestic-standing-order")).toMatchObject({ status: 200 });
  const one = await call("GET", `${path}/${String(started["authorisationId"])}`);
  expect(one.body).toEqual({ scaStatus: "finalised" });
  expect(await call("GET", path)).toMatchObject({ status: 200 });
  expect(await call("GET", `${PATH}/${id}/authorisations`)).toMatchObject(refused(404, "RESOURCE_UNKNOWN"));
});

test("of a periodic payment everything that has no place in an order is refused", async () => {
  const payload = { ...BODY, startDate: "2029-01-15", frequency: "Monthly" };
  expect(await call("POST", PERIODIC, payload)).toMatchObject({
    status: 400,
    body: { tppMessages: [{ code: "EXECUTION_DATE_INVALID", path: "startDate" }] },
  });
  expect(await call("POST", PERIODIC, { ...payload, executionRule: "following" })).toMatchObject(
    refused(400, "PARAMETER_NOT_SUPPORTED"),
  );
});

const ENTRY = {
  instructedAmount: { currency: "EUR", amount: "12.50" },
  creditorAccount: { iban: "DE75512108001245126199" },
  creditorName: "Kamau Stores",
};
const BULK_BODY = {
  debtorAccount: { iban: "DE40100100103307118608" },
  payments: [
    ENTRY,
    { ...ENTRY, creditorName: "Umoja", instructedAmount: { currency: "EUR", amount: "0.07" } },
  ],
};

test("a bulk is a file of payments, which the bank writes, and waits for its customer alone", async () => {
  const sent = { ...BULK_BODY, batchBookingPreferred: true, requestedExecutionDate: "2027-01-31" };
  const { status, body } = await call("POST", BULK, sent);
  const id = String(body["paymentId"]);
  expect({ status, body }).toMatchObject({
    status: 201,
    body: {
      transactionStatus: "RCVD",
      _links: { self: { href: `https://api.test${BULK}/${id}` }, scaOAuth: {} },
    },
  });
  const path = rulesOf("file-payment").path;
  const read = await world.asPartner("GET", `${path}/${id}`);
  expect(read).toMatchObject({
    status: 200,
    body: {
      Data: {
        Status: "AWAU",
        Initiation: {
          NumberOfTransactions: "2",
          ControlSum: 12.57,
          RequestedExecutionDateTime: "2027-01-31T00:00:00.000Z",
        },
      },
    },
  });
  const check = obukDefinitions("payment-initiation");
  expect(check?.("OBWriteFileConsentResponse4", read.body) ?? []).toEqual([]);
  const { body: file } = await world.asPartner("GET", `${path}/${id}/file`);
  expect(file).toMatchObject({
    Data: {
      DomesticPayments: [
        { InstructedAmount: { Amount: "12.50" } },
        { InstructedAmount: { Amount: "0.07" }, CreditorAccount: { Name: "Umoja" } },
      ],
    },
  });
  // The file is there: nobody puts another in its place.
  expect(await world.asPartner("POST", `${path}/${id}/file`, { payload: file })).toMatchObject({
    status: 400,
  });
  expect(await call("GET", `${PATH}/${id}/authorisations`)).toMatchObject(refused(404, "RESOURCE_UNKNOWN"));
});

test("her yes to a bulk is to exactly these payments, and she is shown each", async () => {
  const { body } = await call("POST", BULK, BULK_BODY);
  const id = String(body["paymentId"]);
  const { body: shown } = await world.asService("GET", `/internal/consents/${id}`);
  const account = "DE75512108001245126199";
  expect(shown["payments"]).toEqual([
    { payee: "Kamau Stores", account, amount: { Amount: "12.50", Currency: "EUR" } },
    { payee: "Umoja", account, amount: { Amount: "0.07", Currency: "EUR" } },
  ]);
  const other = { ...BULK_BODY, payments: [...BULK_BODY.payments].toReversed() };
  const { body: another } = await call("POST", BULK, other);
  const { request } = await snapshot(String(another["paymentId"]));
  const linked = dynamicLink("file-payment", request);
  const yes = { ...YES_BODY, debtor: { ...request.Initiation.DebtorAccount, Name: "Anna Schmidt" } };
  // The same sum to the same payees, and yet another file.
  expect(
    await world.asService("POST", `/internal/consents/${id}/authorise`, {
      ...yes,
      sca: { ...YES_BODY.sca, linked },
    }),
  ).toMatchObject({ status: 409 });
  expect(await authorise(id, undefined, "file-payment")).toMatchObject({ status: 200 });
  const path = `${BULK}/${id}/authorisations`;
  const { body: ids } = await call("GET", path);
  const [only] = ids["authorisationIds"] as readonly string[];
  expect(await call("GET", `${path}/${String(only)}`)).toEqual({
    status: 200,
    body: { scaStatus: "finalised" },
  });
});

test("the same X-Request-ID is the same bulk, with another payment in it it is refused", async () => {
  const id = randomUUID();
  const first = await call("POST", BULK, BULK_BODY, { id });
  expect(first.status).toBe(201);
  expect(await call("POST", BULK, BULK_BODY, { id })).toEqual(first);
  const more = { ...BULK_BODY, payments: [...BULK_BODY.payments, ENTRY] };
  expect(await call("POST", BULK, more, { id })).toMatchObject(refused(400, "FORMAT_ERROR"));
});

test("a bulk that waits is the partner's to take back", async () => {
  const { body } = await call("POST", BULK, BULK_BODY);
  const at = `${BULK}/${String(body["paymentId"])}`;
  const headers = { "x-request-id": randomUUID() };
  expect(await world.asPartner("DELETE", at, { headers })).toMatchObject({ status: 204 });
  expect(await call("POST", `${at}/cancellation-authorisations`, {})).toMatchObject(
    refused(405, "CANCELLATION_INVALID"),
  );
});

test("a partner sees no authorisation of another, nor of a payment of the other dialect", async () => {
  const id = await initiated();
  const obuk = await world.asked(undefined, "domestic-payment");
  const path = (one: string) => `${PATH}/${one}/authorisations`;
  expect(await call("GET", path(id), undefined, { client: OTHERS })).toMatchObject(
    refused(404, "RESOURCE_UNKNOWN"),
  );
  expect(await call("GET", path(obuk))).toMatchObject(refused(404, "RESOURCE_UNKNOWN"));
});

const definition = berlinGroupDefinition();
test.skipIf(definition === undefined)("whatever is sent is answered, below 500", async () => {
  const schema = (name: string) => bodiesOf(definition?.document ?? {}, `#/components/schemas/${name}`);
  const bodies = fc.record({
    once: schema("paymentInitiation_json"),
    again: schema("periodicPaymentInitiation_json"),
    many: schema("bulkPaymentInitiation_json"),
  });
  const ids = valuesLike("dpc-1").filter((id) => id !== "" && id.length <= SHORT);
  const property = fc.asyncProperty(bodies, ids, async ({ once, again, many }, id) => {
    const payload = typeof once === "object" && once !== null ? once : {};
    const periodic = typeof again === "object" && again !== null ? again : {};
    expect((await call("POST", PATH, payload)).status).toBeLessThan(500);
    expect((await call("POST", PERIODIC, periodic)).status).toBeLessThan(500);
    const bulk = typeof many === "object" && many !== null ? many : {};
    expect((await call("POST", BULK, bulk)).status).toBeLessThan(500);
    const path = `${PATH}/${encodeURIComponent(id.toWellFormed())}`;
    for (const each of [
      (at: string) => call("GET", `${at}/authorisations`),
      (at: string) => call("POST", `${at}/authorisations`, payload),
    ])
      expect((await each(path)).status).toBeLessThan(500);
  });
  await fc.assert(property, { numRuns: CASES, seed: 20_261_123, endOnFailure: true });
});

test.skipIf(definition === undefined)(
  "every answer to a partner was as the standard defines it (skipped without its OpenAPI definition: see berlin-group-definition.ts)",
  () => {
    const answers = world.answers.filter(({ path }) => path.startsWith(BERLIN_GROUP_PATH));
    expect(answers.length).toBeGreaterThan(10);
    expect(answers.flatMap((each) => definition?.faults(each) ?? [])).toEqual([]);
  },
);
