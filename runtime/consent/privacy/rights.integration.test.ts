import { Registry } from "prom-client";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { asRole } from "../../database/testing/stack-database.ts";
import { createLog } from "../../service/logger.ts";
import { rulesOf } from "../kinds/kinds.ts";
import { OURS, yesTo } from "../testing/consent-service.ts";
import { NOON } from "../testing/consents.ts";
import { openPrivacyDesk, type PrivacyDesk } from "../testing/privacy-desk.ts";
import { FILE, REQUESTS } from "../testing/requests.ts";
import { watchTimeLimits } from "./metrics.ts";
import { restrictedSince } from "./restriction.ts";

const DAY_MS = 86_400_000;

let desk: PrivacyDesk;
beforeAll(async () => {
  desk = await openPrivacyDesk();
});
afterAll(() => desk.stop());
beforeEach(() => desk.setClock(NOON));

describe("a customer who restricts the use of her data", () => {
  test("gives no new consent, keeps what she gave, and lifts it herself", async () => {
    const customer = desk.somebody();
    const before = await desk.given(customer);
    expect(await desk.wish(customer, "restriction")).toMatchObject({
      body: { requests: [{ kind: "restriction", answer: "Granted" }], restrictedSince: NOON.toISOString() },
    });
    const seen = await asRole(desk.world.stack, "banking", (query) =>
      query("select consent.restricted() as customer"),
    );
    expect(seen).toContainEqual({ customer });
    const id = await desk.world.asked();
    const yes = { ...yesTo("account-access", {}), customer };
    expect(await desk.world.asService("POST", `/internal/consents/${id}/authorise`, yes)).toMatchObject({
      status: 409,
    });
    expect(await desk.world.states(before)).toMatchObject([{ state: "AUTH" }]);
    await desk.wish(customer, "end-of-restriction");
    expect(await restrictedSince(desk.world.database, customer)).toBeUndefined();
    expect(await desk.world.asService("POST", `/internal/consents/${id}/authorise`, yes)).toMatchObject({
      status: 200,
    });
  });
});

describe("the record of a customer", () => {
  test("has everything that is kept of her, who was given it, and nothing of another's", async () => {
    const [customer, other] = [desk.somebody(), desk.somebody()];
    const [access, payment] = [await desk.given(customer), await desk.given(customer, "domestic-payment")];
    const theirs = await desk.given(other);
    const booked = await desk.paid(payment, customer, NOON);
    const asked = (await desk.command(["ask", customer, "rectification"], {
      words: "My name is Amina.",
    })) as {
      readonly id: string;
    };
    await desk.command(["answer", asked.id, "Granted"]);
    const { status, body } = await desk.world.asService("POST", `/internal/customers/${customer}/record`, {});
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
    expect(await desk.command(["of", customer])).toMatchObject([
      { kind: "access", answer: "Granted" },
      { kind: "rectification" },
    ]);
  });

  test("has the file of payments that she agreed to, as it was sent", async () => {
    const customer = desk.somebody();
    const id = await desk.world.asked(OURS, "file-payment");
    await desk.world.asPartner("POST", `${rulesOf("file-payment").path}/${id}/file`, { payload: FILE });
    const yes = yesTo("file-payment", REQUESTS["file-payment"].Data as Record<string, unknown>);
    await desk.world.asService("POST", `/internal/consents/${id}/authorise`, { ...yes, customer });
    const record = (await desk.command(["record", customer])) as {
      readonly consents: readonly { file?: { content: string } }[];
    };
    const sent = Buffer.from(record.consents[0]?.file?.content ?? "", "base64");
    expect(sent.equals(Buffer.from(FILE))).toBe(true);
  });

  test("that a person of the bank looks at is written down with her name", async () => {
    const customer = desk.somebody();
    expect(await desk.command(["record", customer])).toMatchObject({ customer, consents: [] });
    expect(await desk.command(["of", customer])).toMatchObject([
      { kind: "access", answer: "Granted", askedBy: { kind: "bank", id: "j.mwangi" } },
    ]);
  });
});

describe("time limits", () => {
  test("that pass without an answer are counted, and said once in the log", async () => {
    const customer = desk.somebody();
    const said: string[] = [];
    const registry = new Registry();
    const log = createLog("consent", { destination: { write: (line: string) => void said.push(line) } });
    const look = watchTimeLimits({ registry, database: desk.world.database, clock: desk.now, log });
    const asked = (await desk.command(["ask", customer, "rectification"], {
      law: "GDPR",
      words: "My name is Amina.",
    })) as {
      readonly id: string;
    };
    await look();
    expect(said).toEqual([]);
    desk.setClock(new Date(NOON.getTime() + 31 * DAY_MS));
    await look();
    await look();
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(asked.id);
    expect(await registry.getSingleMetricAsString("wekeza_privacy_requests_overdue")).toMatch(/overdue 1$/m);
    await desk.command(["answer", asked.id, "Granted"]);
    await look();
    expect(await registry.getSingleMetricAsString("wekeza_privacy_requests_overdue")).toMatch(/overdue 0$/m);
  });

  test("grow by two months when the customer is told why, once, and only where the law gives them", async () => {
    const asked = async (law: string): Promise<string> =>
      ((await desk.command(["ask", desk.somebody(), "objection"], { law })) as { readonly id: string }).id;
    const european = await asked("GDPR");
    expect(await desk.command(["extend", european], { because: "there is much of it" })).toMatchObject({
      dueAt: new Date("2027-02-22T12:00:00.000Z"),
    });
    await expect(desk.command(["extend", european], { because: "more" })).rejects.toThrow(
      "cannot take longer",
    );
    await expect(desk.command(["extend", await asked("KenyaDPA")], { because: "more" })).rejects.toThrow(
      "cannot take longer",
    );
    await expect(desk.command(["answer", european, "Refused"])).rejects.toThrow("what she is told");
    await desk.command(["answer", european, "Refused"], { because: "payments need it" });
    expect((await desk.leavesOf(european)).map(({ type }) => type)).toEqual([
      "privacy.asked",
      "privacy.extended",
      "privacy.answered",
    ]);
  });
});

test("a customer's own words are in no event, and in leaves only encrypted", async () => {
  const customer = desk.somebody();
  const { id } = (await desk.command(["ask", customer, "rectification"], { words: "My name is Amina." })) as {
    readonly id: string;
  };
  const [leaf] = await desk.leavesOf(id);
  expect(leaf).toMatchObject({
    type: "privacy.asked",
    personal: { customer, sealed: expect.any(String) as unknown },
  });
  const told = await desk.rowsOf("select payload from outbox where subject = $1", [id]);
  expect(JSON.stringify([leaf, told])).not.toContain("Amina");
});

test("who is no person of the bank does nothing by hand", async () => {
  await expect(
    desk.command(["hold", desk.somebody()], { by: "", until: "2028-01-31", because: "x" }),
  ).rejects.toThrow("--by NAME");
  for (const service of ["gateway", "banking"])
    expect(
      await desk.world.asService("GET", `/internal/customers/${desk.somebody()}/privacy`, undefined, service),
    ).toMatchObject({ status: 403 });
});
