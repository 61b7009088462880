import { randomUUID } from "node:crypto";
import { Registry } from "prom-client";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { asRole } from "../../database/testing/stack-database.ts";
import type { ConsentKind } from "../../service/consent-snapshot.ts";
import { newKeyPair } from "../../service/hpke.ts";
import { createLog } from "../../service/logger.ts";
import { BERLIN_GROUP_PATH, REQUEST_ID } from "../../service/berlin-group.ts";
import { rulesOf } from "../kinds/kinds.ts";
import { OURS, startConsents, yesTo, type TestConsents } from "../testing/consent-service.ts";
import { NOON } from "../testing/consents.ts";
import { FILE, REQUESTS } from "../testing/requests.ts";
import { carryOutErasures } from "./carry-out.ts";
import { runCommand, type Options } from "./commands.ts";
import { watchTimeLimits } from "./metrics.ts";
import { restrictedSince } from "./restriction.ts";

const DAY_MS = 86_400_000;
/** Long enough ago that nothing of then is kept by law. */
const LONG_AGO = new Date("2016-03-01T12:00:00.000Z");

let world: TestConsents;
let now = NOON;
let serial = 0;
beforeAll(async () => {
  world = await startConsents();
  // As the audit service does when it starts: without it nothing personal is written into a leaf.
  await asRole(world.stack, "audit", (query) =>
    query("insert into wrapping_key (public, since) values ($1, $2)", [newKeyPair().publicKey, NOON]),
  );
});
afterAll(() => world.stop());
beforeEach(() => {
  now = world.at(NOON);
});

/** A customer whom no other test knows. */
const somebody = (): string => `cus-${(serial += 1)}`;
const setClock = (at: Date): void => {
  now = world.at(at);
};
/** A consent that a customer gave. */
async function given(customer: string, kind: ConsentKind = "account-access"): Promise<string> {
  const id = await world.asked(OURS, kind);
  const said = yesTo(kind, REQUESTS[kind].Data as Record<string, unknown>);
  const yes = {
    ...said,
    sca: { ...said.sca, at: now.toISOString() },
    customer,
    grantId: `g-${id}`,
  };
  const { status } = await world.asService("POST", `/internal/consents/${id}/authorise`, yes);
  expect(status).toBe(200);
  return id;
}
const taken = (id: string) => world.asPartner("DELETE", `${rulesOf("account-access").path}/${id}`);
const wish = (customer: string, kind: string) =>
  world.asService("POST", `/internal/customers/${customer}/privacy`, { kind });
const command = (words: readonly string[], options: Options = {}): Promise<object> =>
  runCommand(
    words,
    { by: "j.mwangi", ...options },
    {
      database: world.database,
      now,
      newId: (prefix) => `${prefix}-by-hand-${(serial += 1)}`,
    },
  );
const silent = createLog("consent", { level: "silent" });
const eraser = (log = silent) => ({ ...world, clock: () => now, log });
/** Carries on until nothing is due: what ends first goes with the next look. */
async function erasuresCarriedOut(): Promise<void> {
  while ((await carryOutErasures(eraser())) > 0);
}
const rowsOf = (sql: string, values: unknown[] = []): Promise<readonly Record<string, unknown>[]> =>
  asRole(world.stack, "consent", (query) => query(sql, values));
const leavesOf = async (subject: string): Promise<readonly Record<string, unknown>[]> =>
  (await rowsOf("select leaf from audit_leaf where subject = $1 order by id", [subject])).map(
    ({ leaf }) => JSON.parse(String(leaf)) as Record<string, unknown>,
  );
const requestOf = async (customer: string): Promise<Record<string, unknown>> =>
  (await rowsOf("select * from privacy_requests where customer = $1", [customer]))[0] ?? {};

/** A payment that came of a consent, as the bank's books have it. */
async function paid(consent: string, customer: string, at: Date): Promise<string> {
  const payment = `pay-${(serial += 1)}`;
  const account = `acc-${payment}`;
  await asRole(world.stack, "seed", async (query) => {
    await query(
      "insert into customers (id, name, created_at) values ($1, 'Amina', $2) on conflict do nothing",
      [customer, at],
    );
    await query(
      `insert into accounts (id, customer, currency, category, type_code, description, holder, scheme, identification,
         status, status_updated_at, opened_at)
       values ($1, $2, 'KES', 'Personal', 'CACC', 'Everyday', 'Amina', 'UK.OBIE.BBAN', $1, 'Enabled', $3, $3)`,
      [account, customer, at],
    );
  });
  await asRole(world.stack, "banking", (query) =>
    query(
      `insert into payments (id, kind, client_id, consent, customer, account, initiation, risk, status, created_at, status_at)
       values ($1, 'domestic-payment', $2, $3, $4, $5, '{"CreditorAccount": {"Name": "Baraka"}}', '{}', 'ACSC', $6, $6)`,
      [payment, OURS, consent, customer, account, at],
    ),
  );
  const { Initiation } = REQUESTS["domestic-payment"].Data as { readonly Initiation: object };
  await asRole(world.stack, "banking", (query) =>
    query("select consent.use($1, $2, $3, null, $4, $5)", [consent, OURS, Initiation, payment, at]),
  );
  return payment;
}

describe("a customer who asks to be forgotten", () => {
  test("ends what she gave, loses what came to nothing, and keeps what the law keeps", async () => {
    const customer = somebody();
    const [living, unused, payment] = [
      await given(customer),
      await given(customer, "domestic-payment"),
      await given(customer, "domestic-payment"),
    ];
    await paid(payment, customer, NOON);
    expect(await wish(customer, "erasure")).toMatchObject({ body: { requests: [{ kind: "erasure" }] } });
    await erasuresCarriedOut();

    expect(world.told()).toContainEqual({ consent: living, state: "CANC" });
    const rows = await rowsOf(
      "select id, state, customer, request = '{}' as blank, erased_at from consents where id = any ($1) order by id",
      [[living, unused, payment]],
    );
    expect(Object.fromEntries(rows.map(({ id, ...row }) => [id, row]))).toEqual({
      [living]: { state: "CANC", customer, blank: false, erased_at: null },
      [payment]: { state: "COND", customer, blank: false, erased_at: null },
      [unused]: { state: "CANC", customer: null, blank: true, erased_at: NOON },
    });
    const until = "2033-11-22T12:00:00.000Z";
    expect(await requestOf(customer)).toMatchObject({
      answer: "GrantedInPart",
      outcome: { erased: 1, kept: 2, until },
      look_at: new Date(until),
      erased_at: null,
    });
    expect((await leavesOf(unused)).at(-1)).toMatchObject({
      type: "consent.erased",
      requestHash: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
    });
  });

  test("is forgotten altogether once the time of all is over, and her key with her", async () => {
    const customer = somebody();
    setClock(LONG_AGO);
    const [access, payment] = [await given(customer), await given(customer, "domestic-payment")];
    const booked = await paid(payment, customer, LONG_AGO);
    await taken(access);
    await command(["ask", customer, "rectification"], { words: "My name is Amina." });
    setClock(NOON);
    await wish(customer, "erasure");
    await erasuresCarriedOut();

    expect(await rowsOf("select count(*)::int as n from consents where customer = $1", [customer])).toEqual([
      { n: 0 },
    ]);
    expect(await rowsOf("select words from privacy_requests where customer = $1", [customer])).toEqual([
      { words: null },
      { words: null },
    ]);
    const [row] = await asRole(world.stack, "banking", (query) =>
      query("select initiation, status, erased_at from payments where id = $1", [booked]),
    );
    expect(row).toEqual({ initiation: {}, status: "ACSC", erased_at: NOON });
    const shred = () =>
      asRole(world.stack, "audit", (query) => query("select consent.shred_next($1) as customer", [NOON]));
    expect(await shred()).toEqual([{ customer }]);
    expect(await shred()).toEqual([{ customer: null }]);
    const evidence = await asRole(world.stack, "audit", (query) =>
      query("select consent.evidence($1) as left", [payment]),
    );
    expect(JSON.stringify(evidence)).not.toMatch(/Amina|Baraka|cus-/);
  });

  test("has asked once, however often she asks", async () => {
    const customer = somebody();
    const asked = await Promise.all(Array.from({ length: 8 }, () => wish(customer, "erasure")));
    expect(asked.map(({ status }) => status)).toEqual(Array(8).fill(200));
    const { id } = await requestOf(customer);
    expect(await rowsOf("select id from privacy_requests where customer = $1", [customer])).toEqual([{ id }]);
    expect(await leavesOf(String(id))).toHaveLength(1);
    await erasuresCarriedOut();
  });

  test("and whom two pods forget at one time is forgotten once", async () => {
    const customer = somebody();
    const unused = await given(customer, "domestic-payment");
    await wish(customer, "erasure");
    const pod = () => carryOutErasures(eraser());
    await Promise.all([pod(), pod(), pod()]);
    expect((await leavesOf(unused)).filter(({ type }) => type === "consent.erased")).toHaveLength(1);
    expect(await requestOf(customer)).toMatchObject({ outcome: { erased: 1, kept: 0 }, answer: "Granted" });
  });

  test("who has come back keeps what she gave since, until she asks again", async () => {
    const customer = somebody();
    const before = await given(customer);
    const hold = (await command(["hold", customer], { until: "2028-01-31", because: "case 14/2026" })) as {
      readonly id: string;
    };
    await wish(customer, "erasure");
    await erasuresCarriedOut();
    setClock(new Date("2027-05-01T12:00:00Z"));
    const since = await given(customer);
    // All that was kept is looked at again.
    await command(["release", hold.id]);
    await erasuresCarriedOut();
    expect(await world.states(since)).toMatchObject([{ state: "AUTH" }]);
    setClock(new Date("2027-05-02T12:00:00Z"));
    expect(await wish(customer, "erasure")).toMatchObject({
      body: { requests: [{ kind: "erasure" }, { kind: "erasure", answer: "GrantedInPart" }] },
    });
    await erasuresCarriedOut();
    expect(await world.states(since)).toMatchObject([{ state: "CANC" }]);
    expect(await world.states(before)).toMatchObject([{ state: "CANC" }]);
  });

  test("and for whom it cannot be done keeps nobody else waiting", async () => {
    const [kept, other] = [somebody(), somebody()];
    await taken(await given(kept));
    const unused = await given(other, "domestic-payment");
    // A clock that is wrong: the database refuses what is decided by it.
    setClock(new Date("2040-01-01T12:00:00Z"));
    await wish(kept, "erasure");
    await wish(other, "erasure");
    const said: string[] = [];
    await carryOutErasures(
      eraser(createLog("consent", { destination: { write: (line: string) => void said.push(line) } })),
    );
    await carryOutErasures(eraser());
    expect(said.join("")).toContain(String((await requestOf(kept))["id"]));
    expect(said.join("")).not.toContain(String((await requestOf(other))["id"]));
    expect(await rowsOf("select customer from consents where id = $1", [unused])).toEqual([
      { customer: null },
    ]);
    setClock(NOON);
    await command(["answer", String((await requestOf(kept))["id"]), "Refused"], { because: "of a test" });
  });

  test("is unknown to a partner that asks for her consent, in both dialects", async () => {
    const customer = somebody();
    setClock(LONG_AGO);
    const id = await given(customer);
    setClock(NOON);
    const asked = () =>
      Promise.all(
        [rulesOf("account-access").path, `${BERLIN_GROUP_PATH}/consents`].map((path) =>
          world
            .asPartner("GET", `${path}/${id}`, { headers: { [REQUEST_ID]: randomUUID() } })
            .then(({ status }) => status),
        ),
      );
    expect(await asked()).toEqual([200, 200]);
    await wish(customer, "erasure");
    await erasuresCarriedOut();
    expect(await asked()).toEqual([400, 403]);
  });

  test("is not forgotten by a service that decides wrongly: the database keeps what the law keeps", async () => {
    const customer = somebody();
    const living = await given(customer);
    const erase = (id: string) => rowsOf("select erase($1, $2)", [id, new Date("2099-01-01")]);
    await expect(erase(living)).rejects.toThrow("lives; it ends before it is erased");
    await taken(living);
    await expect(erase(living)).rejects.toThrow("is kept until");
    await expect(rowsOf("update consents set request = '{}' where id = $1", [living])).rejects.toThrow(
      "cannot go from CANC",
    );
    await expect(
      rowsOf("update consents set erased_at = $2, request = '{}' where id = $1", [
        living,
        new Date("2099-01-01"),
      ]),
    ).rejects.toThrow("is kept until");
    const another = await given(customer);
    await expect(
      rowsOf("update consents set state = 'CANC', ended_by = 'delete', customer = null where id = $1", [
        another,
      ]),
    ).rejects.toThrow("is its customer's");
    const payment = await given(customer, "domestic-payment");
    await paid(payment, customer, NOON);
    await expect(
      rowsOf("select banking.erase_payments($1, $2)", [payment, new Date("2099-01-01")]),
    ).rejects.toThrow("are kept until");
  });
});

describe("a legal hold", () => {
  test("keeps everything of a customer until somebody releases it, and she is not told", async () => {
    const customer = somebody();
    const unused = await given(customer, "domestic-payment");
    const hold = (await command(["hold", customer], { until: "2028-01-31", because: "case 12/2026" })) as {
      readonly id: string;
    };
    await wish(customer, "erasure");
    await erasuresCarriedOut();
    expect(await requestOf(customer)).toMatchObject({
      answer: "GrantedInPart",
      look_at: new Date("2028-01-31"),
    });
    await expect(rowsOf("select erase($1, $2)", [unused, NOON])).rejects.toThrow("is held until");
    const { body } = await world.asService("GET", `/internal/customers/${customer}/privacy`);
    expect(JSON.stringify(body)).not.toMatch(/hold|case|2028/i);
    // Leaves about what she asked are in the record that she gets.
    const { id: asked } = await requestOf(customer);
    expect(JSON.stringify(await leavesOf(String(asked)))).not.toMatch(/hold|case|2028/i);

    for (const change of ["until = now()", "customer = 'cus-other'", "reason = 'none'"])
      await expect(rowsOf(`update legal_holds set ${change} where id = $1`, [hold.id])).rejects.toThrow(
        "permission denied",
      );
    expect(await command(["holds", customer])).toMatchObject([
      { reason: "case 12/2026", placedBy: "j.mwangi" },
    ]);
    await command(["release", hold.id]);
    expect(await command(["holds", customer])).toEqual([]);
    await expect(command(["release", hold.id])).rejects.toThrow("could be released");
    await erasuresCarriedOut();
    expect(await requestOf(customer)).toMatchObject({
      outcome: { erased: 1, kept: 0 },
      look_at: null,
      erased_at: NOON,
    });
    expect(await leavesOf(hold.id)).toMatchObject([
      { type: "privacy.held", because: "case 12/2026", actor: { kind: "bank", id: "j.mwangi" } },
      { type: "privacy.released" },
    ]);
  });

  test("ends by itself", async () => {
    const customer = somebody();
    await command(["hold", customer], { until: "2026-12-31", because: "case 13/2026" });
    await wish(customer, "erasure");
    await erasuresCarriedOut();
    expect(await requestOf(customer)).toMatchObject({ erased_at: null });
    setClock(new Date("2027-01-01T00:00:00Z"));
    await erasuresCarriedOut();
    expect(await requestOf(customer)).toMatchObject({ look_at: null, erased_at: now });
  });
});

describe("a customer who restricts the use of her data", () => {
  test("gives no new consent, keeps what she gave, and lifts it herself", async () => {
    const customer = somebody();
    const before = await given(customer);
    expect(await wish(customer, "restriction")).toMatchObject({
      body: { requests: [{ kind: "restriction", answer: "Granted" }], restrictedSince: NOON.toISOString() },
    });
    const seen = await asRole(world.stack, "banking", (query) =>
      query("select consent.restricted() as customer"),
    );
    expect(seen).toContainEqual({ customer });
    const id = await world.asked();
    const yes = { ...yesTo("account-access", {}), customer };
    expect(await world.asService("POST", `/internal/consents/${id}/authorise`, yes)).toMatchObject({
      status: 409,
    });
    expect(await world.states(before)).toMatchObject([{ state: "AUTH" }]);
    await wish(customer, "end-of-restriction");
    expect(await restrictedSince(world.database, customer)).toBeUndefined();
    expect(await world.asService("POST", `/internal/consents/${id}/authorise`, yes)).toMatchObject({
      status: 200,
    });
  });
});

describe("the record of a customer", () => {
  test("has everything that is kept of her, who was given it, and nothing of another's", async () => {
    const [customer, other] = [somebody(), somebody()];
    const [access, payment] = [await given(customer), await given(customer, "domestic-payment")];
    const theirs = await given(other);
    const booked = await paid(payment, customer, NOON);
    const asked = (await command(["ask", customer, "rectification"], { words: "My name is Amina." })) as {
      readonly id: string;
    };
    await command(["answer", asked.id, "Granted"]);
    const { status, body } = await world.asService("POST", `/internal/customers/${customer}/record`, {});
    expect(status).toBe(200);
    expect(body).toMatchObject({
      format: "wekeza-customer-record/1",
      customer,
      recipients: [{ partner: OURS, consents: [{ id: access }, { id: payment }] }],
      consents: [
        { id: access, status: "AUTH" },
        { id: payment, debtor: { Name: expect.any(String) as unknown } },
      ],
      accounts: [{ holder: "Amina" }],
      payments: [{ id: booked, initiation: { CreditorAccount: { Name: "Baraka" } } }],
      requests: [{ kind: "rectification", words: "My name is Amina." }],
    });
    expect(JSON.stringify(body)).not.toContain(theirs);
    expect(await command(["of", customer])).toMatchObject([
      { kind: "access", answer: "Granted" },
      { kind: "rectification" },
    ]);
  });

  test("has the file of payments that she agreed to, as it was sent", async () => {
    const customer = somebody();
    const id = await world.asked(OURS, "file-payment");
    await world.asPartner("POST", `${rulesOf("file-payment").path}/${id}/file`, { payload: FILE });
    const yes = yesTo("file-payment", REQUESTS["file-payment"].Data as Record<string, unknown>);
    await world.asService("POST", `/internal/consents/${id}/authorise`, { ...yes, customer });
    const record = (await command(["record", customer])) as {
      readonly consents: readonly { file?: { content: string } }[];
    };
    const sent = Buffer.from(record.consents[0]?.file?.content ?? "", "base64");
    expect(sent.equals(Buffer.from(FILE))).toBe(true);
  });

  test("that a person of the bank looks at is written down with her name", async () => {
    const customer = somebody();
    expect(await command(["record", customer])).toMatchObject({ customer, consents: [] });
    expect(await command(["of", customer])).toMatchObject([
      { kind: "access", answer: "Granted", askedBy: { kind: "bank", id: "j.mwangi" } },
    ]);
  });
});

describe("time limits", () => {
  test("that pass without an answer are counted, and said once in the log", async () => {
    const customer = somebody();
    const said: string[] = [];
    const registry = new Registry();
    const log = createLog("consent", { destination: { write: (line: string) => void said.push(line) } });
    const look = watchTimeLimits({ registry, database: world.database, clock: () => now, log });
    const asked = (await command(["ask", customer, "rectification"], {
      law: "GDPR",
      words: "My name is Amina.",
    })) as {
      readonly id: string;
    };
    await look();
    expect(said).toEqual([]);
    setClock(new Date(NOON.getTime() + 31 * DAY_MS));
    await look();
    await look();
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(asked.id);
    expect(await registry.getSingleMetricAsString("wekeza_privacy_requests_overdue")).toMatch(/overdue 1$/m);
    await command(["answer", asked.id, "Granted"]);
    await look();
    expect(await registry.getSingleMetricAsString("wekeza_privacy_requests_overdue")).toMatch(/overdue 0$/m);
  });

  test("grow by two months when the customer is told why, once, and only where the law gives them", async () => {
    const asked = async (law: string): Promise<string> =>
      ((await command(["ask", somebody(), "objection"], { law })) as { readonly id: string }).id;
    const european = await asked("GDPR");
    expect(await command(["extend", european], { because: "there is much of it" })).toMatchObject({
      dueAt: new Date("2027-02-22T12:00:00.000Z"),
    });
    await expect(command(["extend", european], { because: "more" })).rejects.toThrow("cannot take longer");
    await expect(command(["extend", await asked("KenyaDPA")], { because: "more" })).rejects.toThrow(
      "cannot take longer",
    );
    await expect(command(["answer", european, "Refused"])).rejects.toThrow("what she is told");
    await command(["answer", european, "Refused"], { because: "payments need it" });
    expect((await leavesOf(european)).map(({ type }) => type)).toEqual([
      "privacy.asked",
      "privacy.extended",
      "privacy.answered",
    ]);
  });
});

test("a customer's own words are in no event, and in leaves only encrypted", async () => {
  const customer = somebody();
  const { id } = (await command(["ask", customer, "rectification"], { words: "My name is Amina." })) as {
    readonly id: string;
  };
  const [leaf] = await leavesOf(id);
  expect(leaf).toMatchObject({
    type: "privacy.asked",
    personal: { customer, sealed: expect.any(String) as unknown },
  });
  const told = await rowsOf("select payload from outbox where subject = $1", [id]);
  expect(JSON.stringify([leaf, told])).not.toContain("Amina");
});

test("who is no person of the bank does nothing by hand", async () => {
  await expect(command(["hold", somebody()], { by: "", until: "2028-01-31", because: "x" })).rejects.toThrow(
    "--by NAME",
  );
  for (const service of ["gateway", "banking"])
    expect(
      await world.asService("GET", `/internal/customers/${somebody()}/privacy`, undefined, service),
    ).toMatchObject({ status: 403 });
});
