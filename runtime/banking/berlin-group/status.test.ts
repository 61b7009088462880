import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { initiationStatus } from "../../service/berlin-group.ts";
import { CONSENT_STATES } from "../../service/consent-snapshot.ts";
import {
  DEBITED,
  type PaymentState,
  stateOfMany,
  TRANSFER_STATES,
  TRANSFER_STEPS,
  type TransferState,
} from "../payments/status.ts";
import { statusOfBulk, statusOfOrder, transactionStatus } from "./status.ts";

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

  describe("that is an order", () => {
    const told = (status: PaymentState, moved: readonly TransferState[], more?: { readonly runs: number }) =>
      statusOfOrder(
        { status, runs: more?.runs ?? moved.length, nextAt: more && new Date("2027-01-01") },
        moved,
      );

    test("waits, is carried out, and has come as far as what has come least far", () => {
      expect(told("PDNG", [], { runs: 0 })).toBe("PDNG");
      expect(told("INCO", ["ACCC"], { runs: 1 })).toBe("ACSP");
      expect(told("CANC", ["ACCC"])).toBe("CANC");
      expect(told("INCO", ["ACCC", "ACSP", "ACSC"])).toBe("ACSP");
      expect(told("INFA", ["RJCT", "RJCT"])).toBe("RJCT");
      expect(told("INFA", [])).toBe("RJCT");
      expect(told("INFA", ["ACCC", "RJCT"])).toBe("ACCC");
    });

    test("is told as rejected only when nothing was debited, and as settled only when something was", () => {
      const states = fc.array(fc.constantFrom(...TRANSFER_STATES), { minLength: 1 });
      fc.assert(
        fc.property(states, (moved) => {
          const status = told(stateOfMany(moved, false), moved);
          const debited = moved.some((state) => DEBITED.has(state));
          const waits = moved.includes("PDNG");
          expect([status === "PDNG", status === "RJCT"]).toEqual([waits, !waits && !debited]);
        }),
      );
    });
  });

  describe("that is a bulk", () => {
    const told = (status: PaymentState, moved: readonly TransferState[], more?: { readonly runs: number }) =>
      statusOfBulk(
        { status, runs: more?.runs ?? moved.length, nextAt: more && new Date("2027-01-01") },
        moved,
      );

    test("waits, is carried out, and has come as far as what has come least far", () => {
      expect(told("PDNG", [], { runs: 0 })).toBe("PDNG");
      expect(told("PDNG", ["ACCC"], { runs: 50 })).toBe("ACSP");
      expect(told("INCO", ["ACCC", "ACSP", "ACSC"])).toBe("ACSP");
      expect(told("INCO", ["ACCC", "ACCC"])).toBe("ACCC");
      expect(told("CANC", ["ACCC"])).toBe("CANC");
      expect(told("INFA", [])).toBe("RJCT");
      expect(told("INFA", ["ACCC"])).toBe("PART");
    });

    test("is told as partial when some of it was refused and some was not, and as rejected when all was", () => {
      const states = fc.array(fc.constantFrom(...TRANSFER_STATES), { minLength: 1 });
      fc.assert(
        fc.property(states, (moved) => {
          const status = told(stateOfMany(moved, false), moved);
          const refused = moved.filter((state) => state === "RJCT").length;
          expect([status === "PART", status === "RJCT"]).toEqual([
            refused > 0 && refused < moved.length,
            refused === moved.length,
          ]);
        }),
      );
    });
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
