import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type Logged, receiptOf, type Standing, type Told } from "./receipt.ts";

const NOON = new Date("2026-11-22T12:00:00.000Z");
const LATER = new Date("2026-11-22T12:00:01.000Z");
const TEXT = '{"kind":"account-access"}';
const requestHash = createHash("sha256").update(TEXT).digest("hex");

const leaf = (index: number, words: object) => ({ index, leaf: JSON.stringify(words), proof: [] });
const [noon, later] = [NOON.toISOString(), LATER.toISOString()];
const requested = leaf(3, { type: "consent.requested", at: noon, state: "AWAU", requestHash });
const authorised = leaf(5, { type: "consent.authorised", at: later, state: "AUTH", requestHash });
const received = leaf(7, { type: "payment.received", at: later, status: "PDNG", reason: "U031" });
const authorisedThen: Standing = { what: "consent", state: "AUTH", changedAt: LATER };
const paid: Standing = { what: "payment", status: "ACSC", reason: undefined, changedAt: LATER };

const told: Told = {
  subject: "aac-1",
  standing: [authorisedThen],
  texts: [{ name: "what was asked for", text: TEXT }],
};
const logged: Logged = { at: LATER, checkpoint: "note", leaves: [requested, authorised] };

describe("a receipt", () => {
  test("has every leaf there is, and the texts whose hashes they have", () => {
    expect(receiptOf(told, logged)).toEqual({
      format: "wekeza-receipt/1",
      subject: "aac-1",
      checkpoint: "note",
      leaves: [requested, authorised],
      texts: told.texts,
    });
  });

  test("of a payment is there when its newest leaf says how it stands, however often that was looked at", () => {
    const settled = leaf(9, { type: "payment.updated", at: later, status: "ACSC" });
    const outcome = receiptOf(
      { ...told, standing: [{ ...paid, changedAt: new Date(LATER.getTime() + 300_000) }], texts: [] },
      { ...logged, leaves: [received, settled] },
    );
    expect(outcome).toMatchObject({ leaves: [received, settled] });
  });

  test("of a consent is there when a use that had begun before was given back after its end", () => {
    const ended = leaf(9, { type: "consent.withdrawn", at: later, state: "CANC", requestHash });
    const released = leaf(11, { type: "consent.released", at: noon, state: "CANC", requestHash });
    const outcome = receiptOf(
      { ...told, standing: [{ what: "consent", state: "CANC", changedAt: LATER }] },
      { ...logged, leaves: [requested, authorised, ended, released] },
    );
    expect(outcome).toMatchObject({ subject: "aac-1" });
  });

  test("leaves out a text whose hash nobody wrote down", () => {
    const texts = [...told.texts, { name: "what was to be paid", text: "{}" } as const];
    expect(receiptOf({ ...told, texts }, logged)).toMatchObject({ texts: told.texts });
  });

  test.each<{ readonly why: string; readonly told?: Partial<Told>; readonly logged?: Logged | undefined }>([
    { why: "nothing is signed", logged: undefined },
    { why: "the log has nothing of it", logged: { ...logged, leaves: [] } },
    { why: "the newest change is not in it", logged: { ...logged, leaves: [requested] } },
    {
      why: "the payment is not, though the consent is",
      told: { standing: [...told.standing, paid] },
    },
    {
      why: "the payment has another status than its newest leaf",
      told: { standing: [paid], texts: [] },
      logged: { ...logged, leaves: [received] },
    },
    {
      why: "it was authorised once more since",
      told: {
        standing: [{ ...authorisedThen, changedAt: new Date(LATER.getTime() + 1) }],
      },
    },
    {
      why: "a text is not the one whose hash is in it",
      told: { texts: [{ name: "what was asked for", text: "another" }] },
    },
  ])("is awaited while $why", ({ told: more, ...rest }) => {
    expect(receiptOf({ ...told, ...more }, "logged" in rest ? rest.logged : logged)).toBe("Awaited");
  });

  test("that the log does not have a day later it will never have", () => {
    const at = new Date(LATER.getTime() + 86_400_001);
    expect(receiptOf(told, { ...logged, at, leaves: [] })).toBe("NotProved");
    expect(receiptOf(told, { ...logged, at })).toMatchObject({ subject: "aac-1" });
  });
});
