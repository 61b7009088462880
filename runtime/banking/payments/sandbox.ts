import { amountText } from "../money.ts";
import type { FraudPort } from "./fraud.ts";
import { EpochOver, type Scheme, type SchemeAnswer } from "./scheme.ts";

/** What amounts make happen, whatever their currency; documented for partners in docs/payments.md. */
const ANSWERS: Readonly<Record<string, SchemeAnswer>> = {
  "9000.01": { status: "RJCT", reason: "AC04" },
  "9000.02": { status: "RJCT", reason: "AC06" },
  "9000.03": { status: "ACWP" },
  "9000.04": { status: "ACSC" },
};

/** Amount whose payee's bank is never online. */
const SILENT = "9000.05";

/** Scores by amount; undefined: scoring is down for it. */
const SCORES: Readonly<Record<string, number | undefined>> = {
  "9000.06": 75,
  "9000.07": 95,
  "9000.08": undefined,
  "20.08": undefined,
};

/**
 * Other banks, as a sandbox plays them: they take everything at once but the amounts above. The amount decides, so the same id has
 * the same answer in whichever process it is asked; the newest epoch is the one that this process has seen.
 */
export function createSandboxScheme(): Scheme {
  let newest = 0;
  return {
    async send({ id, epoch, amount, currency }) {
      if (epoch < newest) throw new EpochOver({ id, epoch });
      newest = epoch;
      const text = amountText(BigInt(amount), currency);
      if (text === SILENT) throw new Error("The payee's bank is not online.");
      return ANSWERS[text] ?? { status: "ACCC" };
    },
  };
}

/** Fraud scoring, as a sandbox plays it. */
export const sandboxFraud: FraudPort = {
  async score({ order: { amount, currency } }) {
    const text = amountText(amount, currency);
    return Object.hasOwn(SCORES, text) ? SCORES[text] : 5;
  },
};
