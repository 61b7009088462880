import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { asRole } from "../../database/testing/stack-database.ts";
import { BERLIN_GROUP_PATH, REQUEST_ID } from "../../service/berlin-group.ts";
import { createLog } from "../../service/logger.ts";
import { rulesOf } from "../kinds/kinds.ts";
import { NOON } from "../testing/consents.ts";
import { openPrivacyDesk, type PrivacyDesk } from "../testing/privacy-desk.ts";
import { carryOutErasures } from "./carry-out.ts";

/** Long enough ago that nothing of then is kept by law. */
const LONG_AGO = new Date("2016-03-01T12:00:00.000Z");

let desk: PrivacyDesk;
beforeAll(async () => {
  desk = await openPrivacyDesk();
});
afterAll(() => desk.stop());
beforeEach(() => desk.setClock(NOON));

describe("a customer who asks to be forgotten", () => {
  test("ends what she gave, loses what came to nothing, and keeps what the law keeps", async () => {
    const customer = desk.somebody();
    const [living, unused, payment] = [
      await desk.given(customer),
      await desk.given(customer, "domestic-payment"),
      await desk.given(customer, "domestic-payment"),
    ];
    await desk.paid(payment, customer, NOON);
    expect(await desk.wish(customer, "erasure")).toMatchObject({ body: { requests: [{ kind: "erasure" }] } });
    await desk.erasuresCarriedOut();

    expect(desk.world.told()).toContainEqual({ consent: living, state: "CANC" });
    const rows = await desk.rowsOf(
      "select id, state, customer, request = '{}' as blank, erased_at from consents where id = any ($1) order by id",
      [[living, unused, payment]],
    );
    expect(Object.fromEntries(rows.map(({ id, ...row }) => [id, row]))).toEqual({
      [living]: { state: "CANC", customer, blank: false, erased_at: null },
      [payment]: { state: "COND", customer, blank: false, erased_at: null },
      [unused]: { state: "CANC", customer: null, blank: true, erased_at: NOON },
    });
    const until = "2033-11-22T12:00:00.000Z";
    expect(await desk.requestOf(customer)).toMatchObject({
      answer: "GrantedInPart",
      outcome: { erased: 1, kept: 2, until },
      look_at: new Date(until),
      erased_at: null,
    });
    expect((await desk.leavesOf(unused)).at(-1)).toMatchObject({
      type: "consent.erased",
      requestHash: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
    });
  });

  test("is forgotten altogether once the time of all is over, and her key with her", async () => {
    const customer = desk.somebody();
    desk.setClock(LONG_AGO);
    const [access, payment] = [await desk.given(customer), await desk.given(customer, "domestic-payment")];
    const booked = await desk.paid(payment, customer, LONG_AGO);
    await desk.taken(access);
    await desk.command(["ask", customer, "rectification"], { words: "My name is Amina." });
    desk.setClock(NOON);
    await desk.wish(customer, "erasure");
    await desk.erasuresCarriedOut();

    expect(
      await desk.rowsOf("select count(*)::int as n from consents where customer = $1", [customer]),
    ).toEqual([{ n: 0 }]);
    expect(await desk.rowsOf("select words from privacy_requests where customer = $1", [customer])).toEqual([
      { words: null },
      { words: null },
    ]);
    const [row] = await asRole(desk.world.stack, "banking", (query) =>
      query("select initiation, status, erased_at from payments where id = $1", [booked]),
    );
    expect(row).toEqual({ initiation: {}, status: "ACSC", erased_at: NOON });
    const shred = () =>
      asRole(desk.world.stack, "audit", (query) =>
        query("select consent.shred_next($1) as customer", [NOON]),
      );
    expect(await shred()).toEqual([{ customer }]);
    expect(await shred()).toEqual([{ customer: null }]);
    const evidence = await asRole(desk.world.stack, "audit", (query) =>
      query("select consent.evidence($1) as left", [payment]),
    );
    expect(JSON.stringify(evidence)).not.toMatch(/Amina|Baraka|cus-/);
  });

  test("has asked once, however often she asks", async () => {
    const customer = desk.somebody();
    const asked = await Promise.all(Array.from({ length: 8 }, () => desk.wish(customer, "erasure")));
    expect(asked.map(({ status }) => status)).toEqual(Array(8).fill(200));
    const { id } = await desk.requestOf(customer);
    expect(await desk.rowsOf("select id from privacy_requests where customer = $1", [customer])).toEqual([
      { id },
    ]);
    expect(await desk.leavesOf(String(id))).toHaveLength(1);
    await desk.erasuresCarriedOut();
  });

  test("and whom two pods forget at one time is forgotten once", async () => {
    const customer = desk.somebody();
    const unused = await desk.given(customer, "domestic-payment");
    await desk.wish(customer, "erasure");
    const pod = () => carryOutErasures(desk.eraser());
    await Promise.all([pod(), pod(), pod()]);
    expect((await desk.leavesOf(unused)).filter(({ type }) => type === "consent.erased")).toHaveLength(1);
    expect(await desk.requestOf(customer)).toMatchObject({
      outcome: { erased: 1, kept: 0 },
      answer: "Granted",
    });
  });

  test("who has come back keeps what she gave since, until she asks again", async () => {
    const customer = desk.somebody();
    const before = await desk.given(customer);
    const hold = (await desk.command(["hold", customer], {
      until: "2028-01-31",
      because: "case 14/2026",
    })) as {
      readonly id: string;
    };
    await desk.wish(customer, "erasure");
    await desk.erasuresCarriedOut();
    desk.setClock(new Date("2027-05-01T12:00:00Z"));
    const since = await desk.given(customer);
    // All that was kept is looked at again.
    await desk.command(["release", hold.id]);
    await desk.erasuresCarriedOut();
    expect(await desk.world.states(since)).toMatchObject([{ state: "AUTH" }]);
    desk.setClock(new Date("2027-05-02T12:00:00Z"));
    expect(await desk.wish(customer, "erasure")).toMatchObject({
      body: { requests: [{ kind: "erasure" }, { kind: "erasure", answer: "GrantedInPart" }] },
    });
    await desk.erasuresCarriedOut();
    expect(await desk.world.states(since)).toMatchObject([{ state: "CANC" }]);
    expect(await desk.world.states(before)).toMatchObject([{ state: "CANC" }]);
  });

  test("and for whom it cannot be done keeps nobody else waiting", async () => {
    const [kept, other] = [desk.somebody(), desk.somebody()];
    await desk.taken(await desk.given(kept));
    const unused = await desk.given(other, "domestic-payment");
    // A clock that is wrong: the database refuses what is decided by it.
    desk.setClock(new Date("2040-01-01T12:00:00Z"));
    await desk.wish(kept, "erasure");
    await desk.wish(other, "erasure");
    const said: string[] = [];
    await carryOutErasures(
      desk.eraser(createLog("consent", { destination: { write: (line: string) => void said.push(line) } })),
    );
    await carryOutErasures(desk.eraser());
    expect(said.join("")).toContain(String((await desk.requestOf(kept))["id"]));
    expect(said.join("")).not.toContain(String((await desk.requestOf(other))["id"]));
    expect(await desk.rowsOf("select customer from consents where id = $1", [unused])).toEqual([
      { customer: null },
    ]);
    desk.setClock(NOON);
    await desk.command(["answer", String((await desk.requestOf(kept))["id"]), "Refused"], {
      because: "of a test",
    });
  });

  test("is unknown to a partner that asks for her consent, in both dialects", async () => {
    const customer = desk.somebody();
    desk.setClock(LONG_AGO);
    const id = await desk.given(customer);
    desk.setClock(NOON);
    const asked = () =>
      Promise.all(
        [rulesOf("account-access").path, `${BERLIN_GROUP_PATH}/consents`].map((path) =>
          desk.world
            .asPartner("GET", `${path}/${id}`, { headers: { [REQUEST_ID]: randomUUID() } })
            .then(({ status }) => status),
        ),
      );
    expect(await asked()).toEqual([200, 200]);
    await desk.wish(customer, "erasure");
    await desk.erasuresCarriedOut();
    expect(await asked()).toEqual([400, 403]);
  });

  test("is not forgotten by a service that decides wrongly: the database keeps what the law keeps", async () => {
    const customer = desk.somebody();
    const living = await desk.given(customer);
    const erase = (id: string) => desk.rowsOf("select erase($1, $2)", [id, new Date("2099-01-01")]);
    await expect(erase(living)).rejects.toThrow("lives; it ends before it is erased");
    await desk.taken(living);
    await expect(erase(living)).rejects.toThrow("is kept until");
    await expect(desk.rowsOf("update consents set request = '{}' where id = $1", [living])).rejects.toThrow(
      "cannot go from CANC",
    );
    await expect(
      desk.rowsOf("update consents set erased_at = $2, request = '{}' where id = $1", [
        living,
        new Date("2099-01-01"),
      ]),
    ).rejects.toThrow("is kept until");
    const another = await desk.given(customer);
    await expect(
      desk.rowsOf("update consents set state = 'CANC', ended_by = 'delete', customer = null where id = $1", [
        another,
      ]),
    ).rejects.toThrow("is its customer's");
    const payment = await desk.given(customer, "domestic-payment");
    await desk.paid(payment, customer, NOON);
    await expect(
      desk.rowsOf("select banking.erase_payments($1, $2)", [payment, new Date("2099-01-01")]),
    ).rejects.toThrow("are kept until");
  });
});

describe("a legal hold", () => {
  test("keeps everything of a customer until somebody releases it, and she is not told", async () => {
    const customer = desk.somebody();
    const unused = await desk.given(customer, "domestic-payment");
    const hold = (await desk.command(["hold", customer], {
      until: "2028-01-31",
      because: "case 12/2026",
    })) as {
      readonly id: string;
    };
    await desk.wish(customer, "erasure");
    await desk.erasuresCarriedOut();
    expect(await desk.requestOf(customer)).toMatchObject({
      answer: "GrantedInPart",
      look_at: new Date("2028-01-31"),
    });
    await expect(desk.rowsOf("select erase($1, $2)", [unused, NOON])).rejects.toThrow("is held until");
    const { body } = await desk.world.asService("GET", `/internal/customers/${customer}/privacy`);
    expect(JSON.stringify(body)).not.toMatch(/hold|case|2028/i);
    // Leaves about what she asked are in the record that she gets.
    const { id: asked } = await desk.requestOf(customer);
    expect(JSON.stringify(await desk.leavesOf(String(asked)))).not.toMatch(/hold|case|2028/i);

    for (const change of ["until = now()", "customer = 'cus-other'", "reason = 'none'"])
      await expect(desk.rowsOf(`update legal_holds set ${change} where id = $1`, [hold.id])).rejects.toThrow(
        "permission denied",
      );
    expect(await desk.command(["holds", customer])).toMatchObject([
      { reason: "case 12/2026", placedBy: "j.mwangi" },
    ]);
    await desk.command(["release", hold.id]);
    expect(await desk.command(["holds", customer])).toEqual([]);
    await expect(desk.command(["release", hold.id])).rejects.toThrow("could be released");
    await desk.erasuresCarriedOut();
    expect(await desk.requestOf(customer)).toMatchObject({
      outcome: { erased: 1, kept: 0 },
      look_at: null,
      erased_at: NOON,
    });
    expect(await desk.leavesOf(hold.id)).toMatchObject([
      { type: "privacy.held", because: "case 12/2026", actor: { kind: "bank", id: "j.mwangi" } },
      { type: "privacy.released" },
    ]);
  });

  test("ends by itself", async () => {
    const customer = desk.somebody();
    await desk.command(["hold", customer], { until: "2026-12-31", because: "case 13/2026" });
    await desk.wish(customer, "erasure");
    await desk.erasuresCarriedOut();
    expect(await desk.requestOf(customer)).toMatchObject({ erased_at: null });
    desk.setClock(new Date("2027-01-01T00:00:00Z"));
    await desk.erasuresCarriedOut();
    expect(await desk.requestOf(customer)).toMatchObject({ look_at: null, erased_at: desk.now() });
  });
});
