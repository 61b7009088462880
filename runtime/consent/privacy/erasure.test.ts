import fc from "fast-check";
import { expect, test } from "vitest";
import { JURISDICTIONS } from "../../../crds/jurisdiction.ts";
import { CONSENT_KINDS, CONSENT_STATES } from "../../service/consent-snapshot.ts";
import { decideErasure, type ConsentFacts, type ErasureFacts, type PaymentFacts } from "./erasure.ts";

const NOW = new Date("2026-11-22T12:00:00.000Z");
const yearsAgo = (years: number): Date => new Date(NOW.getTime() - years * 366 * 86_400_000);
const consent = (fields: Partial<ConsentFacts>): ConsentFacts => ({
  id: "c-1",
  kind: "account-access",
  state: "CANC",
  stateUpdatedAt: yearsAgo(1),
  givenAt: yearsAgo(2),
  jurisdiction: "ke-cbk",
  ...fields,
});
const decided = (fields: Partial<ConsentFacts>, more: Partial<ErasureFacts> = {}, now = NOW) =>
  decideErasure(
    { askedAt: NOW, consents: [consent(fields)], payments: [], heldUntil: undefined, ...more },
    now,
  );

test("a payment that was agreed to and never made goes at once", () => {
  expect(decided({ kind: "domestic-payment", state: "EXPD" })).toEqual({
    withdraw: [],
    erase: ["c-1"],
    keep: [],
    lookAt: undefined,
  });
});

test("a consent that gave access is kept for seven years after its end, and then goes", () => {
  const until = new Date("2032-11-21T12:00:00.000Z");
  const stateUpdatedAt = new Date("2025-11-21T12:00:00.000Z");
  expect(decided({ stateUpdatedAt })).toEqual({
    withdraw: [],
    erase: [],
    keep: [{ consent: "c-1", why: "EvidenceOfConsent", until }],
    lookAt: until,
  });
  expect(decided({ stateUpdatedAt }, {}, until).erase).toEqual(["c-1"]);
});

test("where the law asks for five years, it goes after five", () => {
  const european = { stateUpdatedAt: yearsAgo(5.1), jurisdiction: "eu-psd2" } as const;
  expect(decided(european).erase).toEqual(["c-1"]);
  expect(decided({ ...european, stateUpdatedAt: yearsAgo(4.9) }).erase).toEqual([]);
  expect(decided({ ...european, jurisdiction: undefined }).erase).toEqual([]);
});

test("a payment is kept for seven years after the last of it, however long before that it was agreed to", () => {
  const order = { kind: "domestic-standing-order", state: "COND", stateUpdatedAt: yearsAgo(9) } as const;
  const paid = (at: Date, over = true): Partial<ErasureFacts> => ({
    payments: [{ consent: "c-1", over, at }],
  });
  expect(decided(order).erase).toEqual(["c-1"]);
  expect(decided(order, paid(yearsAgo(8))).erase).toEqual(["c-1"]);
  expect(decided(order, paid(yearsAgo(2))).keep).toMatchObject([{ why: "PaymentRecord" }]);
  expect(decided(order, paid(yearsAgo(8), false))).toMatchObject({
    keep: [{ why: "PaymentUnderWay", until: undefined }],
    lookAt: new Date("2026-12-22T12:00:00.000Z"),
  });
});

test("what lives ends first, and is looked at again at once", () => {
  expect(decided({ state: "AUTH" })).toEqual({ withdraw: ["c-1"], erase: [], keep: [], lookAt: NOW });
});

test("what she gave after she asked lives on, whenever the rest is looked at", () => {
  expect(decided({ state: "AUTH", givenAt: NOW }, { askedAt: yearsAgo(7) })).toEqual({
    withdraw: [],
    erase: [],
    keep: [{ consent: "c-1", why: "GivenSince", until: undefined }],
    lookAt: new Date("2026-12-22T12:00:00.000Z"),
  });
});

test("a legal hold keeps what could go, until it ends", () => {
  const heldUntil = new Date("2027-06-01T00:00:00.000Z");
  expect(decided({ kind: "domestic-payment", state: "RJCT" }, { heldUntil })).toEqual({
    withdraw: [],
    erase: [],
    keep: [{ consent: "c-1", why: "LegalHold", until: heldUntil }],
    lookAt: heldUntil,
  });
  expect(decideErasure({ askedAt: NOW, consents: [], payments: [], heldUntil }, NOW).lookAt).toEqual(
    heldUntil,
  );
});

const date = fc.date({ min: yearsAgo(20), max: NOW, noInvalidDate: true });
const facts: fc.Arbitrary<ErasureFacts> = fc
  .array(
    fc.record({
      kind: fc.constantFrom(...CONSENT_KINDS),
      state: fc.constantFrom(...CONSENT_STATES),
      stateUpdatedAt: date,
      givenAt: date,
      jurisdiction: fc.constantFrom(...JURISDICTIONS),
      paid: fc.array(fc.record({ over: fc.boolean(), at: date }), { maxLength: 3 }),
    }),
    { maxLength: 6 },
  )
  .chain((list) =>
    fc
      .option(fc.date({ min: new Date(NOW.getTime() + 1), noInvalidDate: true }), { nil: undefined })
      .map((heldUntil): ErasureFacts => ({
        askedAt: yearsAgo(8),
        heldUntil,
        consents: list.map((each, n) => ({ ...each, id: `c-${n}` })),
        payments: list.flatMap(({ paid }, n) =>
          paid.map((payment): PaymentFacts => ({ ...payment, consent: `c-${n}` })),
        ),
      })),
  );

test("every consent ends, goes or stays, and none does two of these", () => {
  fc.assert(
    fc.property(facts, (given) => {
      const { withdraw, erase, keep } = decideErasure(given, NOW);
      const all = [...withdraw, ...erase, ...keep.map(({ consent: name }) => name)];
      expect(all.toSorted()).toEqual(given.consents.map(({ id }) => id).toSorted());
    }),
  );
});

test("under a hold nothing goes, and without one nothing that was paid within the years of the law", () => {
  fc.assert(
    fc.property(facts, (given) => {
      const { erase } = decideErasure(given, NOW);
      expect(given.heldUntil === undefined ? [] : erase).toEqual([]);
      const years = (name: string): number =>
        given.consents.find(({ id }) => id === name)?.jurisdiction === "ke-cbk" ? 6.9 : 4.9;
      const young = given.payments.filter(
        ({ consent: name, over, at }) => !over || at > yearsAgo(years(name)),
      );
      for (const { consent: name } of young) expect(erase).not.toContain(name);
    }),
  );
});

test("what is kept until a time goes when it is looked at then, once nobody holds it", () => {
  fc.assert(
    fc.property(facts, (given) => {
      const free = { ...given, heldUntil: undefined };
      const known = decideErasure(free, NOW).keep.filter(({ until }) => until !== undefined);
      const gone = known.map(({ consent: name, until = NOW }) =>
        decideErasure(free, until).erase.includes(name),
      );
      expect(gone).toEqual(known.map(() => true));
    }),
  );
});
