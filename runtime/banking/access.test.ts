import { describe, expect, test } from "vitest";
import type { CallContext } from "../service/context.ts";
import { accessOf, demand, narrowed } from "./access.ts";

const context: CallContext = {
  clientId: "ptn-1",
  partnerName: "Acme",
  scope: "openid accounts",
  interactionId: "i",
  customer: "cus-1",
  consent: { permissions: ["ReadAccountsBasic"], accounts: ["acc-1"], historyDays: 90 },
};
const now = new Date("2026-11-22T12:00:00Z");

describe("access", () => {
  test("without customer or consent is refused", () => {
    const { customer: _customer, ...nobody } = context;
    const { consent: _consent, ...nothing } = context;
    expect(() => accessOf(nobody)).toThrow("belongs to no consent");
    expect(() => accessOf(nothing)).toThrow("belongs to no consent");
  });

  test("to what the consent does not give is refused by name", () => {
    expect(() => demand(accessOf(context), "ReadBalances")).toThrow(
      "The consent does not give ReadBalances.",
    );
    expect(() => demand(accessOf(context), "ReadAccountsBasic", "ReadAccountsDetail")).not.toThrow();
  });

  test.each([
    {
      why: "the policy's days without more",
      bounds: {},
      from: "2026-08-24T12:00:00.000Z",
      to: "2026-11-22T12:00:00.000Z",
    },
    {
      why: "the consent's own bounds where they are narrower",
      bounds: { transactionFrom: "2026-10-01T00:00:00+03:00", transactionTo: "2026-10-31T00:00:00Z" },
      from: "2026-09-30T21:00:00.000Z",
      to: "2026-10-31T00:00:00.000Z",
    },
    {
      why: "the policy's days where the consent asks for more",
      bounds: { transactionFrom: "2020-01-01T00:00:00Z", transactionTo: "2030-01-01T00:00:00Z" },
      from: "2026-08-24T12:00:00.000Z",
      to: "2026-11-22T12:00:00.000Z",
    },
  ])("reaches back: $why", ({ bounds, from, to }) => {
    const consent = { permissions: [], accounts: [], historyDays: 90, ...bounds };
    expect(accessOf({ ...context, consent }).period(now)).toEqual({ from: new Date(from), to: new Date(to) });
  });

  test("is only ever narrowed", () => {
    const day = (n: number): Date => new Date(Date.UTC(2026, 10, n));
    const period = { from: day(5), to: day(10) };
    expect(narrowed(period, { from: undefined, to: undefined })).toEqual(period);
    expect(narrowed(period, { from: day(1), to: day(20) })).toEqual(period);
    expect(narrowed(period, { from: day(6), to: day(7) })).toEqual({ from: day(6), to: day(7) });
  });
});
