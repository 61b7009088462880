import type { LogKey } from "./note.ts";
import { has, isListOf, isText, readAs } from "./shape.ts";
import { type PackVerdict, type Proofs, verifyPack } from "./verify-pack.ts";

/** What happened to one consent or payment, as a partner or a customer was given it. */
export interface Receipt extends Proofs {
  readonly format: "wekeza-receipt/1";
}

const isReceipt = has({
  format: (value) => value === "wekeza-receipt/1",
  subject: isText,
  checkpoint: isText,
  leaves: isListOf(has({ index: Number.isSafeInteger, leaf: isText, proof: isListOf(isText) })),
  texts: isListOf(has({ name: isText, text: isText })),
});

/**
 * Reads a receipt.
 *
 * @throws Error when it is none.
 */
export function readReceipt(text: string): Receipt {
  return readAs(text, isReceipt, "receipt") as Receipt;
}

/** Checks every leaf of a receipt against its signed checkpoint and against what the receipt says it is of. */
export function verifyReceipt(receipt: Receipt, log: LogKey): PackVerdict {
  const { faults, ...verdict } = verifyPack(receipt, log);
  const { subject, leaves } = receipt;
  const strange = verdict.events.filter(
    ({ said }) => said["consent"] !== subject && said["payment"] !== subject,
  );
  const misplaced = leaves.filter(({ index }, n) => index <= (leaves[n - 1]?.index ?? -1));
  return {
    ...verdict,
    faults: [
      ...faults,
      ...(leaves.length === 0 ? [{ where: "leaves", what: "are none: nothing is proved" }] : []),
      ...strange.map(({ index }) => ({ where: `leaf ${index}`, what: `is not about ${subject}` })),
      ...misplaced.map(({ index }) => ({
        where: `leaf ${index}`,
        what: "stands where its number does not belong",
      })),
    ],
  };
}
