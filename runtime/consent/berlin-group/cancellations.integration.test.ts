import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { asRole } from "../../database/testing/stack-database.ts";
import { BERLIN_GROUP_PATH } from "../../service/berlin-group.ts";
import { CANCELLATION } from "../../service/consent-snapshot.ts";
import { dynamicLink } from "../../service/dynamic-link.ts";
import { berlinGroupDefinition } from "../../service/testing/berlin-group-definition.ts";
import { valuesLike } from "../../service/testing/obuk-fuzz.ts";
import { OTHERS, startConsents, YES_BODY, type TestConsents } from "../testing/consent-service.ts";
import { NOON } from "../testing/consents.ts";

let world: TestConsents;
beforeAll(async () => {
  world = await startConsents();
});
afterAll(() => world.stop());
beforeEach(() => world.begin());

/** Requests made up; FUZZ_CASES has more of them. */
const CASES = Number(process.env["FUZZ_CASES"] ?? 25);
const PATH = `${BERLIN_GROUP_PATH}/payments/sepa-credit-transfers`;
const DEBTOR = { SchemeName: "UK.OBIE.IBAN", Identification: "DE40100100103307118608" };
const BODY = {
  debtorAccount: { iban: DEBTOR.Identification },
  instructedAmount: { currency: "EUR", amount: "12.50" },
  creditorAccount: { iban: "DE75512108001245126199" },
  creditorName: "Kamau Stores",
  requestedExecutionDate: "2027-01-31",
};

function call(
  method: "POST" | "GET" | "DELETE",
  path: string,
  { id = randomUUID(), client, payload }: { id?: string; client?: string; payload?: object } = {},
) {
  return world.asPartner(method, path, {
    headers: { "x-request-id": id, "psu-ip-address": "192.0.2.1" },
    ...(client === undefined ? {} : { client }),
    ...(payload === undefined ? {} : { payload }),
  });
}
const refused = (status: number, code: string) => ({ status, body: { tppMessages: [{ code }] } });
const initiated = async (): Promise<string> =>
  String((await call("POST", PATH, { payload: BODY })).body["paymentId"]);
const stateOf = async (id: string): Promise<unknown> => (await world.states(id))[0]?.["state"];

interface Asked {
  readonly request: Readonly<Record<string, unknown>> & { readonly Initiation: object };
}
async function authorise(id: string, kind: "domestic-scheduled-payment" | typeof CANCELLATION) {
  const { request } = (await world.asService("GET", `/internal/consents/${id}`)).body as unknown as Asked;
  const linked = dynamicLink(kind, request);
  const yes = { ...YES_BODY, sca: { ...YES_BODY.sca, linked }, debtor: { ...DEBTOR, Name: "Anna" } };
  return world.asService("POST", `/internal/consents/${id}/authorise`, yes);
}

/** A payment that banking has taken and waits for its date; or stands otherwise. */
async function waiting(status = "PDNG", next = "'2027-01-31'", runs = 0): Promise<string> {
  const id = await initiated();
  expect((await authorise(id, "domestic-scheduled-payment")).status).toBe(200);
  const payment = id.replace(/^dsc/, "dsp");
  await asRole(world.stack, "banking", async (query) => {
    await query(
      `insert into payments (id, kind, client_id, consent, customer, account, initiation, risk, status, created_at,
         status_at, next_at, runs)
       select $2, 'domestic-scheduled-payment', client_id, $1, customer, account, initiation, '{}', $4, $3, $3, ${next}, $5
       from consent.authorised_initiations($3, 100) where id = $1`,
      [id, payment, NOON, status, runs],
    );
    await query(
      `select consent.use($1, client_id, initiation, null, $2, $3) from consent.authorised_initiations($3, 100) where id = $1`,
      [id, payment, NOON],
    );
  });
  return id;
}
const asked = (id: string) => call("POST", `${PATH}/${id}/cancellation-authorisations`, { payload: {} });

test("what its customer has not authorised is cancelled at once, and again without effect", async () => {
  const id = await initiated();
  for (let twice = 0; twice < 2; twice += 1)
    expect(await call("DELETE", `${PATH}/${id}`)).toEqual({ status: 204, body: {} });
  expect(await stateOf(id)).toBe("CANC");
  expect(await authorise(id, "domestic-scheduled-payment")).toMatchObject({ status: 409 });
  expect(await asked(id)).toMatchObject(refused(405, "CANCELLATION_INVALID"));
});

test("what she has authorised and the bank has not taken yet is not the partner's to take back", async () => {
  const id = await initiated();
  await authorise(id, "domestic-scheduled-payment");
  expect(await call("DELETE", `${PATH}/${id}`)).toMatchObject(refused(409, "STATUS_INVALID"));
  expect(await asked(id)).toMatchObject(refused(409, "STATUS_INVALID"));
  expect(await stateOf(id)).toBe("AUTH");
});

test("what she has authorised and still waits is cancelled by her alone", async () => {
  const id = await waiting();
  const { status, body } = await call("DELETE", `${PATH}/${id}`);
  const at = `https://api.test${PATH}/${id}`;
  expect({ status, body }).toMatchObject({
    status: 202,
    body: {
      transactionStatus: "PDNG",
      _links: { startAuthorisation: { href: `${at}/cancellation-authorisations` } },
    },
  });
  const started = await asked(id);
  const authorisation = String(started.body["authorisationId"]);
  expect(started).toMatchObject({ status: 201, body: { scaStatus: "received", _links: { scaOAuth: {} } } });
  const one = `${PATH}/${id}/cancellation-authorisations/${authorisation}`;
  expect((await call("GET", one)).body).toEqual({ scaStatus: "received" });
  expect((await call("GET", `${PATH}/${id}/cancellation-authorisations`)).body).toEqual({
    authorisationIds: [authorisation],
  });
  expect(await authorise(authorisation, CANCELLATION)).toMatchObject({
    status: 200,
    body: { kind: CANCELLATION, status: "AUTH", request: { Cancels: id } },
  });
  expect((await call("GET", one)).body).toEqual({ scaStatus: "finalised" });
});

test("her yes to the payment is none to its cancellation, nor that to another's", async () => {
  const [first, second] = [await waiting(), await waiting()];
  const id = String((await asked(first)).body["authorisationId"]);
  const { request } = (await world.asService("GET", `/internal/consents/${id}`)).body as unknown as Asked;
  for (const linked of [
    dynamicLink("domestic-scheduled-payment", request),
    dynamicLink(CANCELLATION, { ...request, Cancels: second }),
  ]) {
    const yes = { ...YES_BODY, sca: { ...YES_BODY.sca, linked }, debtor: { ...DEBTOR, Name: "Anna" } };
    expect(await world.asService("POST", `/internal/consents/${id}/authorise`, yes)).toMatchObject({
      status: 409,
    });
  }
});

test("a cancellation she declines, or that waits for a day, has failed and the payment goes on", async () => {
  const id = await waiting();
  const declined = String((await asked(id)).body["authorisationId"]);
  await world.asService("POST", `/internal/consents/${declined}/reject`, {});
  const forgotten = String((await asked(id)).body["authorisationId"]);
  world.at(new Date(NOON.getTime() + 86_400_000));
  for (const each of [declined, forgotten])
    expect((await call("GET", `${PATH}/${id}/cancellation-authorisations/${each}`)).body).toEqual({
      scaStatus: "failed",
    });
  expect(await call("DELETE", `${PATH}/${id}`)).toMatchObject({ status: 202 });
});

test("the same X-Request-ID asks for one cancellation", async () => {
  const path = `${PATH}/${await waiting()}/cancellation-authorisations`;
  const id = randomUUID();
  const first = await call("POST", path, { id, payload: {} });
  expect(await call("POST", path, { id, payload: {} })).toEqual(first);
  expect((await call("GET", path)).body).toMatchObject({ authorisationIds: { length: 1 } });
});

test("the same X-Request-ID is answered the same when the payment has left meanwhile", async () => {
  const payment = await waiting();
  const path = `${PATH}/${payment}/cancellation-authorisations`;
  const id = randomUUID();
  const first = await call("POST", path, { id, payload: {} });
  await asRole(world.stack, "banking", (query) =>
    query("update payments set status = 'ACSC', next_at = null, runs = 1 where consent = $1", [payment]),
  );
  expect(await call("POST", path, { payload: {} })).toMatchObject(refused(405, "CANCELLATION_INVALID"));
  expect(await call("POST", path, { id, payload: {} })).toEqual(first);
});

test.each([
  ["has left", "ACSP", "null", 1],
  ["was refused", "RJCT", "null", 1],
] as const)("a payment that %s is not cancelled", async (_why, status, next, runs) => {
  const id = await waiting(status, next, runs);
  expect(await call("DELETE", `${PATH}/${id}`)).toMatchObject(refused(405, "CANCELLATION_INVALID"));
  expect(await asked(id)).toMatchObject(refused(405, "CANCELLATION_INVALID"));
});

test("one that was cancelled is cancelled; one its customer declined, or whose time is over, is not", async () => {
  expect(await call("DELETE", `${PATH}/${await waiting("CANC", "null")}`)).toMatchObject({ status: 204 });
  const declined = await initiated();
  await world.asService("POST", `/internal/consents/${declined}/reject`, {});
  expect(await call("DELETE", `${PATH}/${declined}`)).toMatchObject(refused(405, "CANCELLATION_INVALID"));
  const overdue = await initiated();
  world.at(new Date(NOON.getTime() + 86_400_000));
  expect(await call("DELETE", `${PATH}/${overdue}`)).toMatchObject(refused(405, "CANCELLATION_INVALID"));
});

test("one that its customer has not authorised needs no authorisation of hers to be cancelled", async () => {
  expect(await asked(await initiated())).toMatchObject(refused(409, "STATUS_INVALID"));
});

test("another partner's, one of the other dialect and none at all look the same, and stay as they are", async () => {
  const theirs = await initiated();
  const obuk = await world.asked(undefined, "domestic-scheduled-payment");
  const mine = await waiting();
  const authorisation = String((await asked(mine)).body["authorisationId"]);
  const unknown = refused(404, "RESOURCE_UNKNOWN");
  for (const [id, client] of [[theirs, OTHERS], [obuk], ["none"]] as const) {
    const from = client === undefined ? {} : { client };
    expect(await call("DELETE", `${PATH}/${id}`, from)).toMatchObject(unknown);
    const list = `${PATH}/${id}/cancellation-authorisations`;
    expect(await call("POST", list, { ...from, payload: {} })).toMatchObject(unknown);
    expect(await call("GET", list, from)).toMatchObject(unknown);
    expect(await call("GET", `${list}/${authorisation}`, from)).toMatchObject(unknown);
  }
  const others = `${PATH}/${await waiting()}/cancellation-authorisations/${authorisation}`;
  expect(await call("GET", others)).toMatchObject(unknown);
  expect(await stateOf(theirs)).toBe("AWAU");
});

const definition = berlinGroupDefinition();
test("whatever is sent is answered, below 500", async () => {
  const mine = await waiting();
  const ids = valuesLike(mine, "pcc-1").filter((id) => id !== "" && id.length <= 60);
  const property = fc.asyncProperty(ids, ids, async (id, authorisation) => {
    const path = `${PATH}/${encodeURIComponent(id.toWellFormed())}`;
    const list = `${path}/cancellation-authorisations`;
    const answers = [
      await call("POST", list, { payload: { psuData: { password: id } } }),
      await call("GET", list),
      await call("GET", `${list}/${encodeURIComponent(authorisation.toWellFormed())}`),
      await call("DELETE", path),
    ];
    for (const { status } of answers) expect(status).toBeLessThan(500);
  });
  await fc.assert(property, { numRuns: CASES, seed: 20_261_123, endOnFailure: true });
});

test.skipIf(definition === undefined)(
  "every answer to a partner was as the standard defines it (skipped without its OpenAPI definition: see berlin-group-definition.ts)",
  () => {
    const answers = world.answers.filter(({ path }) => path.startsWith(PATH));
    expect(answers.length).toBeGreaterThan(10);
    expect(answers.flatMap((each) => definition?.faults(each) ?? [])).toEqual([]);
  },
);
