import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BerlinGroupError } from "../../service/berlin-group.ts";
import { admit } from "../admission.ts";
import { fileFaults, type FileInitiation } from "../file.ts";
import { rulesOf } from "../kinds/kinds.ts";
import { NOON, POLICY } from "../testing/consents.ts";
import { readBulkRequest } from "./bulk-request.ts";

const ASKING = { requestId: "99391c7e-ad88-49ec-a2ad-99ddcb1f7721", country: "KE", now: NOON };
const entry = (amount = "123.50") => ({
  instructedAmount: { currency: "EUR", amount },
  creditorAccount: { iban: "DE75512108001245126199" },
  creditorName: "Kamau Stores",
});
const bulk = (payments: readonly object[], more: object = {}) => ({
  debtorAccount: { iban: "DE40100100103307118608" },
  payments,
  ...more,
});
const read = (body: unknown) => readBulkRequest(body, ASKING);
const initiation = ({ asked }: ReturnType<typeof read>) =>
  (asked as { readonly Data: { readonly Initiation: FileInitiation } }).Data.Initiation;

/** Codes and places of a refusal; nothing when there is none. */
function refusal(body: unknown): readonly string[] {
  try {
    read(body);
    return [];
  } catch (error) {
    if (!(error instanceof BerlinGroupError)) throw error;
    return error.messages.map(({ code, path = "" }) => `${code} ${path}`);
  }
}

describe("a bulk request", () => {
  test("is a file that the other dialect admits, and by its own announcement is right", () => {
    const amount = fc
      .tuple(fc.integer({ min: 0, max: 99_999_999 }), fc.integer({ min: 1, max: 99 }))
      .map(([whole, cents]) => `${whole}.${String(cents).padStart(2, "0")}`);
    fc.assert(
      fc.property(fc.array(amount, { minLength: 1, maxLength: 200 }), (amounts) => {
        const got = read(bulk(amounts.map(entry)));
        const { kind, asked, file } = got;
        expect(fileFaults(initiation(got), file?.content ?? Buffer.alloc(0))).toEqual([]);
        const admitted = admit(rulesOf(kind), asked, { id: "f", clientId: "p", policy: POLICY, now: NOON });
        expect(admitted).not.toHaveProperty("faults");
      }),
      { numRuns: 30 },
    );
  });

  test("has a hash that any other payment, payee or order of them changes", () => {
    const hash = (payments: readonly object[]) => initiation(read(bulk(payments))).FileHash;
    const [one, two] = [entry("1.00"), entry("2.00")];
    const all = [
      [one, two],
      [two, one],
      [one, { ...two, creditorName: "Umoja" }],
      [one, { ...two, creditorAccount: { iban: "DE89370400440532013000" } }],
      [one, { ...two, remittanceInformationUnstructured: "7" }],
    ].map(hash);
    expect(new Set(all).size).toBe(all.length);
    const { file } = read(bulk([one]));
    expect(hash([one])).toBe(
      createHash("sha256")
        .update(file?.content ?? "")
        .digest("base64"),
    );
  });

  test("names each of its payments, within what a name may be long", () => {
    const { file } = read(bulk(Array.from({ length: 200 }, () => entry("1.00"))));
    const { Data } = JSON.parse(String(file?.content)) as {
      readonly Data: { readonly DomesticPayments: readonly { readonly InstructionIdentification: string }[] };
    };
    const names = Data.DomesticPayments.map((line) => line.InstructionIdentification);
    expect(new Set(names).size).toBe(200);
    expect(Math.max(...names.map((name) => name.length))).toBeLessThanOrEqual(35);
  });

  test.each([
    ["without a payment", bulk([]), ["FORMAT_ERROR payments"]],
    [
      "with more than she could read",
      bulk(Array.from({ length: 201 }, () => entry())),
      ["FORMAT_ERROR payments"],
    ],
    [
      "with one payment of nothing among good ones",
      bulk([entry(), entry("0.00")]),
      ["FORMAT_ERROR payments.1.instructedAmount.amount"],
    ],
    [
      "with two numbers of one payee",
      bulk([entry(), { ...entry(), creditorAccount: { iban: "DE89370400440532013000", bban: "1" } }]),
      ["FORMAT_ERROR payments.1.creditorAccount"],
    ],
    [
      "with a payer of an entry's own",
      bulk([{ ...entry(), debtorAccount: { iban: "DE89370400440532013000" } }]),
      ["PARAMETER_NOT_SUPPORTED payments.0.debtorAccount"],
    ],
    [
      "at a time of day",
      bulk([entry()], { requestedExecutionTime: "2027-01-31T10:00:00Z" }),
      ["PARAMETER_NOT_SUPPORTED requestedExecutionTime"],
    ],
    [
      "in a currency that is not SEPA's",
      bulk([{ ...entry(), instructedAmount: { currency: "KES", amount: "1.00" } }]),
      ["FORMAT_ERROR payments.0.instructedAmount.currency"],
    ],
  ])("%s is refused as a whole", (_what, body, want) => {
    expect(refusal(body)).toEqual(want);
  });

  test("of today is due at once, of a later day then", () => {
    const dated = (requestedExecutionDate: string) =>
      initiation(read(bulk([entry()], { requestedExecutionDate }))) as {
        RequestedExecutionDateTime?: string;
      };
    expect(dated("2026-11-22").RequestedExecutionDateTime).toBeUndefined();
    expect(dated("2027-01-31").RequestedExecutionDateTime).toBe("2027-01-31T00:00:00.000Z");
  });
});
