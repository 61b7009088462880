import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { JURISDICTIONS } from "../../../crds/jurisdiction.ts";
import { asSuperuser } from "../../database/bootstrap.ts";
import { asRole } from "../../database/testing/stack-database.ts";
import { canonicalJson } from "../../service/canonical-json.ts";
import { createLog } from "../../service/logger.ts";
import { expireOverdue } from "../housekeeping.ts";
import { NOON } from "../testing/consents.ts";
import { OURS } from "../testing/consent-service.ts";
import { openPrivacyDesk, type PrivacyDesk } from "../testing/privacy-desk.ts";
import { eraseByAge, forgetProofs, type Aged } from "./carry-out-age.ts";
import { waitingIn } from "./keep-ages.ts";
import { PERIOD_RULES, periodEnd } from "./periods.ts";

/** Long enough ago that nothing of then is kept by any law. */
const LONG_AGO = new Date("2016-03-01T12:00:00.000Z");
/** When a day more has passed: nobody's yes is waited for any longer. */
const THE_NEXT_DAY = new Date("2016-03-02T12:00:00.000Z");
const silent = createLog("consent", { level: "silent" });

let desk: PrivacyDesk;
beforeAll(async () => {
  desk = await openPrivacyDesk();
});
afterAll(() => desk.stop());
beforeEach(() => desk.setClock(NOON));

/** Looks until nothing is due, and tells what went. */
async function agesLookedAt(log = silent): Promise<readonly Aged[]> {
  const gone: Aged[] = [];
  while ((await waitingIn(desk.world.database)) > 0)
    gone.push(...(await eraseByAge(desk.world.database, log)).gone);
  return gone;
}

async function longAgo<T>(work: () => Promise<T>): Promise<T> {
  desk.setClock(LONG_AGO);
  const value = await work();
  desk.setClock(NOON);
  return value;
}

/** An account-access consent that was given and taken back. */
async function ended(customer: string): Promise<string> {
  const id = await desk.given(customer);
  await desk.taken(id);
  return id;
}

const kept = (ids: readonly string[]) =>
  desk
    .rowsOf("select id, customer from consents where id = any ($1) and erased_at is null order by id", [ids])
    .then((rows) => rows.map(({ id }) => id));
const superuser = (sql: string, values: readonly unknown[] = []) =>
  asSuperuser(desk.world.stack.agent.socket, "wekeza", (client) => client.query(sql, [...values]));

describe("a customer who never asks for anything", () => {
  test("loses by age alone what no law keeps, with what was paid, and nothing that is younger", async () => {
    const customer = desk.somebody();
    const [access, payment, booked] = await longAgo(async () => {
      const paidFor = await desk.given(customer, "domestic-payment");
      return [await ended(customer), paidFor, await desk.paid(paidFor, customer, LONG_AGO)] as const;
    });
    const [young, living] = [await ended(customer), await desk.given(customer)];
    expect(await agesLookedAt()).toEqual([{ what: "consents", rule: "ke-cbk/record", count: 2 }]);

    expect(await kept([access, payment, young, living])).toEqual([young, living].toSorted());
    const [row] = await asRole(desk.world.stack, "banking", (query) =>
      query("select initiation, status from payments where id = $1", [booked]),
    );
    expect(row).toEqual({ initiation: {}, status: "ACSC" });
    const leaf = (await desk.leavesOf("consents")).at(-1);
    expect(leaf).toEqual({
      type: "privacy.aged",
      at: expect.any(String) as unknown,
      actor: { kind: "bank" },
      what: "consents",
      rule: "ke-cbk/record",
      count: 2,
    });
    expect((await desk.leavesOf(access)).at(-1)).toMatchObject({ type: "consent.erased" });
    expect(await agesLookedAt()).toEqual([]);
  });

  test("loses what she never agreed to and what came to nothing, and that is not written down as a record", async () => {
    const customer = desk.somebody();
    const [asked, refused] = await longAgo(async () => {
      const unused = await desk.given(customer, "domestic-payment");
      await desk.world.change(unused, { do: "withdraw", customer }, { kind: "customer", id: customer });
      return [await desk.world.asked(OURS, "domestic-payment"), unused] as const;
    });
    desk.setClock(THE_NEXT_DAY);
    await expireOverdue(desk.world.store, desk.world.change, desk.now());
    expect(await agesLookedAt()).toEqual([{ what: "consents", rule: "ke-cbk/nothing", count: 2 }]);
    expect(await kept([asked, refused])).toEqual([]);
  });

  test("is looked at by several pods at one time, and each of hers goes once", async () => {
    const customer = desk.somebody();
    const ids = await longAgo(async () => [
      await ended(customer),
      await ended(customer),
      await ended(customer),
    ]);
    const looks = await Promise.all([1, 2, 3, 4].map(() => eraseByAge(desk.world.database, silent)));
    const rest = await agesLookedAt();
    expect([...looks.flatMap(({ gone }) => gone), ...rest].reduce((sum, { count }) => sum + count, 0)).toBe(
      3,
    );
    for (const id of ids)
      expect((await desk.leavesOf(id)).filter(({ type }) => type === "consent.erased")).toHaveLength(1);
  });

  test("of whom one consent cannot be erased keeps no other waiting", async () => {
    const customer = desk.somebody();
    const [stuck, other] = await longAgo(async () => [await ended(customer), await ended(customer)] as const);
    await superuser(`create function consent.stuck() returns trigger language plpgsql as
      $$ begin raise exception 'of a test'; end $$`);
    await superuser(`create trigger stuck before update on consent.consents for each row
      when (old.id = '${stuck}') execute function consent.stuck()`);
    const said: string[] = [];
    const log = createLog("consent", { destination: { write: (line: string) => void said.push(line) } });
    expect(await agesLookedAt(log)).toEqual([{ what: "consents", rule: "ke-cbk/record", count: 1 }]);
    expect(await kept([stuck, other])).toEqual([stuck]);
    expect(said.join("")).toContain(stuck);
    await superuser("drop function consent.stuck cascade");
    await desk.rowsOf("update ages set look_at = now() where consent = $1", [stuck]);
    await agesLookedAt();
    expect(await kept([stuck])).toEqual([]);
  });

  test("keeps what somebody has a need of, until it is released", async () => {
    const customer = desk.somebody();
    const id = await longAgo(() => ended(customer));
    const { id: hold } = (await desk.command(["hold", customer], {
      until: "2099-01-31",
      because: "case 20/2026",
    })) as { readonly id: string };
    expect(await agesLookedAt()).toEqual([]);
    expect(await kept([id])).toEqual([id]);
    expect(await desk.rowsOf("select look_at from ages where consent = $1", [id])).toEqual([
      { look_at: new Date("2099-01-31") },
    ]);
    await desk.command(["release", hold]);
    expect(await agesLookedAt()).toEqual([{ what: "consents", rule: "ke-cbk/record", count: 1 }]);
    expect(await kept([id])).toEqual([]);
  });

  test("keeps an order and its consent until the time of the last that it paid is over", async () => {
    const customer = desk.somebody();
    const order = await longAgo(async () => {
      const id = await desk.given(customer, "domestic-payment");
      await desk.paid(id, customer, LONG_AGO);
      return id;
    });
    const lastPaid = new Date("2024-05-31T12:00:00.000Z");
    await asRole(desk.world.stack, "banking", (query) =>
      query("update payments set status_at = $2 where consent = $1", [order, lastPaid]),
    );
    expect(await agesLookedAt()).toEqual([]);
    expect(await desk.rowsOf("select look_at from ages where consent = $1", [order])).toEqual([
      { look_at: new Date("2031-05-31T12:00:00.000Z") },
    ]);
  });
});

describe("the database", () => {
  test("has the same periods as the service, for each law, and the longest for one it does not know", async () => {
    const last = new Date("2024-02-29T12:00:00.000Z");
    for (const jurisdiction of [...JURISDICTIONS, undefined])
      for (const rule of PERIOD_RULES)
        expect(
          await desk.rowsOf("select $3::timestamptz + kept_for($1, $2) as until", [jurisdiction, rule, last]),
        ).toEqual([{ until: periodEnd(jurisdiction, rule, last) }]);
  });

  test("reads the law of a consent from the words of its policy, whatever else stands there", async () => {
    const of = async (spec: object) => {
      const [row] = await desk.rowsOf("select jurisdiction_of($1) as law", [{ text: canonicalJson(spec) }]);
      return row?.["law"];
    };
    expect(await of({ jurisdiction: "uk-ob", maxDurationDays: 1 })).toBe("uk-ob");
    expect(await of({ jurisdiction: "eu-psd2", purposes: ['"jurisdiction":"uk-ob"'] })).toBe("eu-psd2");
    expect(await of({ aims: ['"jurisdiction":"uk-ob"'], jurisdiction: "eu-psd2" })).toBe("eu-psd2");
    expect(await of({ maxDurationDays: 1 })).toBeNull();
  });

  test("erases nothing before its time, and lets nobody say that nothing is to be looked at", async () => {
    const customer = desk.somebody();
    const [unused, young] = [await desk.given(customer, "domestic-payment"), await ended(customer)];
    await desk.world.change(unused, { do: "withdraw", customer }, { kind: "customer", id: customer });
    await desk.rowsOf("update ages set look_at = now() where consent = any ($1)", [[unused, young]]);
    expect(await agesLookedAt()).toEqual([]);
    expect(await kept([unused, young])).toHaveLength(2);
    for (const id of [unused, young])
      await expect(desk.rowsOf("select erase($1, $2)", [id, new Date("2099-01-01")])).rejects.toThrow(
        "is kept until",
      );
    for (const sql of ["delete from ages", "insert into ages values ('c-1', now())"])
      await expect(desk.rowsOf(sql)).rejects.toThrow("permission denied");
  });
});

describe("what customers asked, and holds that are over", () => {
  const asked = (id: string, fields: { readonly answeredAt: Date; readonly law: string }) =>
    desk.rowsOf(
      `insert into privacy_requests (id, customer, kind, law, asked_at, asked_by, words, due_at, answered_at, answer, answered_by)
       values ($1, $2, 'rectification', $3, $4, '{}', 'My name is Amina.', $4::timestamptz + interval '1 day', $4, 'Granted', '{}')`,
      [id, `cus-of-${id}`, fields.law, fields.answeredAt],
    );

  test("go when they prove nothing any more, by the law that they were asked under", async () => {
    const sixYearsAgo = new Date("2020-11-01T12:00:00.000Z");
    await asked("old", { law: "KenyaDPA", answeredAt: LONG_AGO });
    await asked("european", { law: "GDPR", answeredAt: sixYearsAgo });
    await asked("kenyan", { law: "KenyaDPA", answeredAt: sixYearsAgo });
    await asked("held", { law: "KenyaDPA", answeredAt: LONG_AGO });
    for (const [id, customer, until] of [
      ["over", "cus-1", "2017-01-01"],
      ["lasting", "cus-of-held", "2099-01-01"],
    ])
      await desk.rowsOf(
        "insert into legal_holds (id, customer, reason, placed_by, placed_at, until) values ($1, $2, 'case', 'j', $3, $4)",
        [id, customer, LONG_AGO, until],
      );
    expect(await forgetProofs(desk.world.database)).toEqual([
      { what: "requests", rule: "proof", count: 2 },
      { what: "holds", rule: "proof", count: 1 },
    ]);
    expect(
      await desk.rowsOf("select id from privacy_requests where customer like 'cus-of-%' order by id"),
    ).toEqual([{ id: "held" }, { id: "kenyan" }]);
    expect((await desk.leavesOf("requests")).at(-1)).toMatchObject({ type: "privacy.aged", count: 2 });
    expect(await forgetProofs(desk.world.database)).toEqual([]);
  });
});
