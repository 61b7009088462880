import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { asRole } from "../database/testing/stack-database.ts";
import { CONSENT_KINDS, OBUK_KINDS, type ConsentKind } from "../service/consent-snapshot.ts";
import { forgetKeys, KEY_MS } from "../service/idempotency.ts";
import { obukDefinitions } from "../service/testing/obuk-definitions.ts";
import { requestHash } from "./consent.ts";
import { KINDS, rulesOf } from "./kinds/kinds.ts";
import { bodyOf } from "./migration.ts";
import { OTHERS, startConsents, yesTo, type TestConsents } from "./testing/consent-service.ts";
import { daysAfter, NOON } from "./testing/consents.ts";
import { FILE, PAYER, REQUESTS, VERSION_3, VERSION_4 } from "./testing/requests.ts";

let world: TestConsents;
beforeAll(async () => {
  world = await startConsents();
});
afterAll(() => world.stop());
beforeEach(() => world.begin());

const dataOf = (body: Record<string, unknown>) => body["Data"] as Record<string, unknown>;
const pathOf = (kind: ConsentKind, id: string) => `${rulesOf(kind).path}/${id}`;

test("every kind has rules and addresses of its own", () => {
  expect(KINDS.map(({ kind }) => kind).toSorted()).toEqual(CONSENT_KINDS.toSorted());
  expect(new Set(KINDS.flatMap(({ path, prefix }) => [path, prefix])).size).toBe(2 * KINDS.length);
});

describe.each(OBUK_KINDS.filter((kind) => kind !== "account-access"))("a consent of kind %s", (kind) => {
  const request = REQUESTS[kind];

  test("is kept as it was asked for", async () => {
    const id = await world.asked(undefined, kind);
    const { status, body } = await world.asPartner("GET", pathOf(kind, id));
    expect(status).toBe(200);
    expect(body).toMatchObject({ ...request, Data: { ...request.Data, ConsentId: id } });
    expect(dataOf(body)["Status"]).toBe(kind === "file-payment" ? "AWUP" : "AWAU");
  });

  test("is authorised for one account, and the snapshot says what it is", async () => {
    const id = await world.authorised(kind);
    expect(await world.asService("GET", `/internal/consents/${id}`)).toMatchObject({
      body: { id, kind, status: "AUTH", accounts: ["acc-1"], request: request.Data, permissions: [] },
    });
    expect(dataOf((await world.asPartner("GET", pathOf(kind, id))).body)["Status"]).toBe("AUTH");
  });

  test("is not authorised for two accounts, nor for another than the partner named", async () => {
    const named = kind === "funds-confirmation" ? request : withDebtor(request);
    const id = await world.asked(undefined, kind, named);
    if (kind === "file-payment") await world.asPartner("POST", `${pathOf(kind, id)}/file`, { payload: FILE });
    const yes = yesTo(kind, named.Data as Record<string, unknown>);
    const tries = [
      { ...yes, accounts: ["acc-1", "acc-2"] },
      { ...yes, debtor: { ...PAYER, Identification: "KE0000000000000008" } },
    ];
    for (const body of tries)
      expect(await world.asService("POST", `/internal/consents/${id}/authorise`, body)).toMatchObject({
        status: 409,
      });
    expect(await world.asService("POST", `/internal/consents/${id}/authorise`, yes)).toMatchObject({
      status: 200,
    });
  });

  test("is another client's or nobody's to every other client", async () => {
    const id = await world.asked(undefined, kind);
    expect(await world.asPartner("GET", pathOf(kind, id), { client: OTHERS })).toMatchObject({ status: 403 });
    expect(await world.asPartner("GET", pathOf("account-access", id))).toMatchObject({ status: 400 });
  });

  test("is not asked for with a member that the standard does not know", async () => {
    const payload = { ...request, Data: { ...request.Data, Loan: 1 }, Extra: 1 };
    const { status, body } = await world.asPartner("POST", rulesOf(kind).path, { payload });
    const tolerant = kind === "domestic-vrp";
    expect({ status, body }).toMatchObject(
      tolerant
        ? { status: 201 }
        : { status: 400, body: { Errors: [{ ErrorCode: "U005" }, { ErrorCode: "U005" }] } },
    );
  });
});

function withDebtor(request: (typeof REQUESTS)[ConsentKind]): { readonly Data: Record<string, unknown> } {
  const { Initiation: initiation } = request.Data as { readonly Initiation: object };
  return { ...request, Data: { ...request.Data, Initiation: { ...initiation, DebtorAccount: PAYER } } };
}

describe("the end", () => {
  test.each(["account-access", "domestic-vrp", "funds-confirmation"] as const)(
    "of %s may come from the partner, once",
    async (kind) => {
      const id = await world.authorised(kind);
      expect(await world.asPartner("DELETE", pathOf(kind, id))).toMatchObject({ status: 204 });
      expect(await world.asPartner("GET", pathOf(kind, id))).toMatchObject({ status: 400 });
      expect(world.told()).toEqual([{ consent: id, state: "CANC" }]);
    },
  );

  test("of a payment does not: there is no such address", async () => {
    const id = await world.asked(undefined, "domestic-payment");
    expect(await world.asPartner("DELETE", pathOf("domestic-payment", id))).toMatchObject({ status: 404 });
  });

  test("of a payment's time is told as a rejection with its reason", async () => {
    const id = await world.authorised("domestic-payment");
    world.at(daysAfter(1));
    expect((await world.asPartner("GET", pathOf("domestic-payment", id))).body).toMatchObject({
      Data: { Status: "RJCT", StatusReason: [{ StatusReasonCode: "TKXP" }] },
    });
  });
});

describe("x-idempotency-key", () => {
  const path = rulesOf("domestic-payment").path;
  const payload = REQUESTS["domestic-payment"];

  test("makes sixteen requests at one time one consent", async () => {
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => world.asPartner("POST", path, { payload, key: "same" })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map(({ body }) => dataOf(body)["ConsentId"])).size).toBe(1);
  });

  test("with another body is refused, and nothing is made", async () => {
    await world.asPartner("POST", path, { payload, key: "other" });
    const changed = { ...payload, Risk: {} };
    expect(await world.asPartner("POST", path, { payload: changed, key: "other" })).toMatchObject({
      status: 400,
      body: { Errors: [{ ErrorCode: "U006", Path: "x-idempotency-key" }] },
    });
  });

  test("is the same request though the date it names is past by now", async () => {
    const scheduled = rulesOf("domestic-scheduled-payment").path;
    const { Data, Risk } = REQUESTS["domestic-scheduled-payment"] as {
      readonly Data: { readonly Initiation: object };
      readonly Risk: object;
    };
    const soon = new Date(NOON.getTime() + 3_600_000).toISOString();
    const body = {
      Data: { ...Data, Initiation: { ...Data.Initiation, RequestedExecutionDateTime: soon } },
      Risk,
    };
    const first = await world.asPartner("POST", scheduled, { payload: body, key: "dated" });
    world.at(new Date(NOON.getTime() + 7_200_000));
    expect(await world.asPartner("POST", scheduled, { payload: body })).toMatchObject({ status: 400 });
    expect(await world.asPartner("POST", scheduled, { payload: body, key: "dated" })).toEqual(first);
  });

  test("tells the present status of what it made", async () => {
    const first = await world.asPartner("POST", path, { payload, key: "later" });
    const id = String(dataOf(first.body)["ConsentId"]);
    await world.asService("POST", `/internal/consents/${id}/reject`);
    expect(await world.asPartner("POST", path, { payload, key: "later" })).toMatchObject({
      status: 201,
      body: { Data: { ConsentId: id, Status: "RJCT" } },
    });
  });

  test("is kept for a day, and forgotten then, however many are", async () => {
    const end = new Date(NOON.getTime() + KEY_MS);
    const inTable = () =>
      asRole(world.stack, "consent", (query) => query("select count(*)::int as keys from idempotency_keys"));
    await forgetKeys(world.database, daysAfter(9));
    await world.asPartner("POST", path, { payload, key: "day" });
    expect(await forgetKeys(world.database, new Date(end.getTime() - 1))).toBe(0);
    await asRole(world.stack, "consent", (query) =>
      query(
        `insert into idempotency_keys (client_id, path, key, body_hash, resource, claimed_at, expires_at)
         select 'ptn-1', '/', n, '', 'r', $1, $1 from generate_series(1, 250) n`,
        [NOON],
      ),
    );
    expect(await forgetKeys(world.database, NOON)).toBe(250);
    expect(await inTable()).toEqual([{ keys: 1 }]);
    expect(await forgetKeys(world.database, end)).toBe(1);
    expect(await inTable()).toEqual([{ keys: 0 }]);
  });

  test("is needed", async () => {
    expect(await world.asPartner("POST", path, { payload, key: "" })).toMatchObject({ status: 400 });
    expect(await world.asPartner("POST", path, { payload, key: "k".repeat(41) })).toMatchObject({
      status: 400,
    });
  });
});

describe("a file", () => {
  const kind = "file-payment";
  const upload = (id: string, payload: Buffer, key?: string) =>
    world.asPartner("POST", `${pathOf(kind, id)}/file`, {
      payload,
      type: "text/plain",
      ...(key === undefined ? {} : { key }),
    });

  test("that was announced is taken once, and given back byte for byte", async () => {
    const id = await world.asked(undefined, kind);
    expect(await world.asPartner("GET", `${pathOf(kind, id)}/file`)).toMatchObject({ status: 400 });
    expect(await upload(id, FILE, "file")).toMatchObject({ status: 200 });
    expect(await upload(id, FILE, "file")).toMatchObject({ status: 200 });
    const refused = { status: 400, body: { Errors: [{ ErrorCode: "U009" }] } };
    expect(await upload(id, FILE, "file-again")).toMatchObject(refused);
    expect(await upload(id, FILE, "file-again")).toMatchObject(refused);
    expect(dataOf((await world.asPartner("GET", pathOf(kind, id))).body)["Status"]).toBe("AWAU");
    expect((await world.asPartner("GET", `${pathOf(kind, id)}/file`)).body).toEqual(JSON.parse(String(FILE)));
  });

  test("that was not announced is refused", async () => {
    const id = await world.asked(undefined, kind);
    expect(await upload(id, Buffer.from("{}"))).toMatchObject({
      status: 400,
      body: { Errors: [{ Path: "Data.Initiation.FileHash" }] },
    });
    expect(await world.states(id)).toMatchObject([{ state: "AWUP" }]);
  });
});

describe("the migration of recurring payments that were agreed to in version 3", () => {
  const kind = "domestic-vrp";
  const NEW = bodyOf(VERSION_4);
  const type = "application/json-patch+json";
  const PATCH = [
    { op: "test", path: "/Data/Initiation/CreditorPostalAddress/AddressType", value: "Business" },
    { op: "replace", path: "/Data/Initiation/CreditorPostalAddress/AddressType", value: "BIZZ" },
    {
      op: "replace",
      path: "/Data/Initiation/RemittanceInformation",
      value: VERSION_4.request.Initiation.RemittanceInformation,
    },
    { op: "move", from: "/Risk/ContractPresentInidicator", path: "/Risk/ContractPresentIndicator" },
    { op: "replace", path: "/Risk/DeliveryAddress/AddressType", value: "HOME" },
  ];
  const patchedBy = (id: string, patch: unknown, key?: string) =>
    world.asPartner("PATCH", pathOf(kind, id), {
      payload: JSON.stringify(patch),
      type,
      ...(key === undefined ? {} : { key }),
    });

  test.each(["PUT", "PATCH"] as const)("by %s says the same in the words of version 4", async (method) => {
    const id = await world.takenOver();
    const before = await world.store.find(id);
    const send = () =>
      method === "PUT"
        ? world.asPartner(method, pathOf(kind, id), { payload: NEW, key: `put-${id}` })
        : patchedBy(id, PATCH, `patch-${id}`);
    const first = await send();
    expect(first).toMatchObject({ status: 200, body: { ...NEW, Data: { ConsentId: id, Status: "AUTH" } } });
    expect(await send()).toEqual(first);
    const after = await world.store.find(id);
    expect(after).toEqual({ ...before, ...VERSION_4 });
    expect(await world.store.former(id)).toEqual(VERSION_3);
  });

  test("is told to nobody, and its leaf has the hashes of both", async () => {
    const id = await world.takenOver();
    await world.asPartner("PUT", pathOf(kind, id), { payload: NEW });
    const leaves = await asRole(world.stack, "consent", (query) =>
      query("select leaf from audit_leaf where subject = $1 order by id", [id]),
    );
    expect(JSON.parse(String(leaves.at(-1)?.["leaf"]))).toMatchObject({
      type: "consent.migrated",
      formerHash: requestHash({ kind, ...VERSION_3 }),
      requestHash: requestHash({ kind, ...VERSION_4 }),
    });
    expect(world.told()).toEqual([]);
  });

  test("is refused with other terms, and may be tried again under the same key", async () => {
    const id = await world.takenOver();
    const dearer = structuredClone(NEW) as { Data: { ControlParameters: Record<string, unknown> } };
    dearer.Data.ControlParameters["MaximumIndividualAmount"] = { Amount: "100.01", Currency: "KES" };
    const send = () => world.asPartner("PUT", pathOf(kind, id), { payload: dearer, key: `dear-${id}` });
    const refused = {
      status: 400,
      body: {
        Errors: [{ ErrorCode: "U008", Path: "Data.ControlParameters.MaximumIndividualAmount.Amount" }],
      },
    };
    expect(await send()).toMatchObject(refused);
    expect(await send()).toMatchObject(refused);
    expect(await patchedBy(id, [{ op: "remove", path: "/Data/Loan" }])).toMatchObject({
      status: 400,
      body: { Errors: [{ ErrorCode: "U002", Path: "/Data/Loan" }] },
    });
    expect(await patchedBy(id, { op: "remove" })).toMatchObject({ status: 400 });
    expect(await world.store.find(id)).toMatchObject(VERSION_3);
  });

  test.each([
    { why: "asked for in version 4", of: () => world.authorised(kind, NEW) },
    { why: "not authorised", of: () => world.asked(undefined, kind, NEW) },
  ])("is refused for a consent that was $why", async ({ of }) => {
    const refused = { status: 400, body: { Errors: [{ ErrorCode: "U009", Path: "ConsentId" }] } };
    expect(await world.asPartner("PUT", pathOf(kind, await of()), { payload: NEW })).toMatchObject(refused);
  });

  test("leaves no old words behind when the consent is erased", async () => {
    world.at(daysAfter(-3_000));
    const id = await world.takenOver();
    expect(await world.asPartner("PUT", pathOf(kind, id), { payload: NEW })).toMatchObject({ status: 200 });
    await world.asPartner("DELETE", pathOf(kind, id));
    expect(await world.store.former(id)).toEqual(VERSION_3);
    await asRole(world.stack, "consent", (query) => query("select erase($1, $2)", [id, NOON]));
    expect(await world.store.former(id)).toBeUndefined();
  });

  test("leaves what is allowed and who is paid as it is, says the database too", async () => {
    const id = await world.takenOver();
    const sql = (text: string, value: object) =>
      asRole(world.stack, "consent", (query) => query(text, [id, value]));
    const write = (request: object) => sql("update consents set request = $2 where id = $1", request);
    await expect(write(VERSION_4.request)).rejects.toThrow("cannot change");
    await sql(
      "insert into former_requests select id, request, risk from consents where id = $1 and request = $2",
      VERSION_3.request,
    );
    const paid = { ...VERSION_4.request, Initiation: { CreditorAccount: PAYER } };
    await expect(write(paid)).rejects.toThrow("cannot change");
    await expect(write(VERSION_4.request)).resolves.toBeDefined();
    await expect(write(VERSION_3.request)).rejects.toThrow("cannot change");
  });
});

const NAMES = ["account-info", "payment-initiation", "vrp", "confirmation-funds"] as const;
const SCHEMAS: Readonly<Record<string, readonly [(typeof NAMES)[number], string]>> = {
  "account-access-consents": ["account-info", "OBReadConsentResponse1"],
  "domestic-payment-consents": ["payment-initiation", "OBWriteDomesticConsentResponse5"],
  "domestic-scheduled-payment-consents": ["payment-initiation", "OBWriteDomesticScheduledConsentResponse5"],
  "domestic-standing-order-consents": ["payment-initiation", "OBWriteDomesticStandingOrderConsentResponse6"],
  "international-payment-consents": ["payment-initiation", "OBWriteInternationalConsentResponse6"],
  "international-scheduled-payment-consents": [
    "payment-initiation",
    "OBWriteInternationalScheduledConsentResponse6",
  ],
  "international-standing-order-consents": [
    "payment-initiation",
    "OBWriteInternationalStandingOrderConsentResponse7",
  ],
  "file-payment-consents": ["payment-initiation", "OBWriteFileConsentResponse4"],
  "domestic-vrp-consents": ["vrp", "OBDomesticVRPConsentResponse"],
  "funds-confirmation-consents": ["confirmation-funds", "OBFundsConfirmationConsentResponse1"],
};

const definitions = new Map(NAMES.map((name) => [name, obukDefinitions(name)] as const));

test.skipIf(definitions.get("vrp") === undefined)(
  "every answer to a partner was as the standard defines it (skipped without its OpenAPI definitions: see obuk-definitions.ts)",
  () => {
    expect(new Set(world.answers.map(({ resource }) => resource))).toEqual(new Set(Object.keys(SCHEMAS)));
    const findings = world.answers
      .filter(({ status }) => status !== 404)
      .flatMap(({ resource, status, body }) => {
        const [definition, schema] = SCHEMAS[resource] ?? ["vrp", ""];
        const found = definitions.get(definition)?.(status < 400 ? schema : "OBErrorResponse1", body) ?? [];
        return found.map((finding) => `${resource} ${status} ${finding}`);
      });
    expect(findings).toEqual([]);
  },
);
