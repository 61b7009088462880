import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { initiationStatus } from "../../service/berlin-group.ts";
import { CONSENT_STATES } from "../../service/consent-snapshot.ts";
import { DEBITED, TRANSFER_STATES, TRANSFER_STEPS, type TransferState } from "../payments/status.ts";
import { transactionStatus } from "./status.ts";

describe("a payment in the codes of the Berlin Group", () => {
  test("stands where the other dialect says, or at the nearest that it has a code for", () => {
    const told = (["RCVD", ...TRANSFER_STATES, "INCO", "INFA"] as const).map((state) =>
      transactionStatus(state),
    );
    expect(told).toEqual(["RCVD", "PDNG", "ACSP", "ACSC", "ACWP", "ACCC", "ACSC", "RJCT", "ACCC", "RJCT"]);
  });

  test("never says that the payer was debited when she was not, nor the other way round", () => {
    fc.assert(
      fc.property(fc.constantFrom(...TRANSFER_STATES), (state) => {
        expect(DEBITED.has(transactionStatus(state) as TransferState)).toBe(DEBITED.has(state));
      }),
    );
  });

  test("never comes back to waiting once money has moved", () => {
    for (const [from, steps] of Object.entries(TRANSFER_STEPS)) {
      const debited = DEBITED.has(from as TransferState);
      for (const to of steps) expect(debited && transactionStatus(to) === "PDNG").toBe(false);
    }
  });

  test("before any money moves, by the state of its consent", () => {
    expect(CONSENT_STATES.map((state) => `${state} ${initiationStatus(state)}`)).toEqual([
      "AWUP RCVD",
      "AWAU RCVD",
      "AUTH ACTC",
      "COND ACTC",
      "RJCT RJCT",
      "CANC CANC",
      "EXPD RJCT",
    ]);
  });
});
