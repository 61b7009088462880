/** What becomes of money: ISO 20022 external payment transaction status codes. */
export const TRANSFER_STATES = ["PDNG", "ACSP", "ACSC", "ACWP", "ACCC", "BLCK", "RJCT"] as const;
export type TransferState = (typeof TRANSFER_STATES)[number];

/**
 * What becomes of a payment resource; orders and files end as INCO (all done) or INFA (something failed), and what was
 * still to be paid may be cancelled (CANC).
 */
export type PaymentState = TransferState | "RCVD" | "INCO" | "INFA" | "CANC";

/**
 * Where money may go next.
 *
 * PDNG it is held, nothing is booked · ACSP the payer is debited and the payee's bank is asked · ACSC that bank took it ·
 * ACWP it has not given it to the payee yet · ACCC the payee has it · BLCK nobody gets it · RJCT nothing was booked, or
 * it was given back.
 */
export const TRANSFER_STEPS: Readonly<Record<TransferState, readonly TransferState[]>> = {
  PDNG: ["ACSP", "ACCC", "RJCT"],
  ACSP: ["ACSC", "ACWP", "ACCC", "BLCK", "RJCT"],
  ACSC: ["ACWP", "ACCC", "BLCK"],
  ACWP: ["ACCC", "BLCK"],
  ACCC: [],
  BLCK: [],
  RJCT: [],
};

/** States in which the payer's account stays debited. */
export const DEBITED: ReadonlySet<TransferState> = new Set(["ACSP", "ACSC", "ACWP", "ACCC", "BLCK"]);

/**
 * Makes sure that money may go from one state to another.
 *
 * @throws when it may not: a mistake of ours, never of a partner.
 */
export function checkStep(from: TransferState, to: TransferState): void {
  if (!TRANSFER_STEPS[from].includes(to)) throw new Error(`A transfer cannot go from ${from} to ${to}.`);
}

/** Whether nothing more happens to it. */
export function isFinal(state: TransferState): boolean {
  return TRANSFER_STEPS[state].length === 0;
}

/**
 * What an answer about money is beside what is known of it: something new, nothing new because the money was there before or is
 * there now, or something that cannot be true as well.
 */
export type Bearing = "new" | "known" | "contradiction";

/**
 * How an answer bears on what is known of money. Answers come late and out of order, to several pods; of two that contradict each
 * other the one that was kept first holds.
 *
 * @param known of money that went on from the core: what the core said of it.
 * @param open whether an answer of whoever gave it is still waited for. Of money that another bank took, saying no more, only its
 * end can be new then; of the core nothing.
 */
export function bearingOf(
  known: TransferState,
  said: TransferState,
  { to, open }: { readonly to: "core" | "scheme"; readonly open: boolean },
): Bearing {
  // A core gives one answer to what it is asked, and nothing follows from it by itself.
  if (to === "core" ? said === known : leadsTo(said, known)) return "known";
  const next = TRANSFER_STEPS[known].includes(said);
  if (next && open) return "new";
  if (next && to === "scheme") return isFinal(said) ? "new" : "known";
  return "contradiction";
}

/** Whether money that is in the one state is, or can come to be, in the other. */
function leadsTo(from: TransferState, to: TransferState): boolean {
  return from === to || TRANSFER_STEPS[from].some((next) => leadsTo(next, to));
}

/** Why a payment stands as it does: code of `OBExternalStatusReason1Code`, and words. */
export const REASONS = {
  AC03: "The payee's account number is not valid.",
  AC04: "The payee's account is closed.",
  AC05: "The payer's account is closed.",
  AC06: "The account is blocked.",
  AB08: "The payee's bank is not online.",
  AM03: "The account is not held in this currency.",
  AM04: "There is not enough money in the account.",
  AM12: "The amount has more decimals than its currency.",
  FRAD: "The payment looks like fraud.",
  U031: "It waits for its date, or for checks.",
  U034: "The payer's account is debited; the payee's bank has been told.",
} as const;
export type Reason = keyof typeof REASONS;

/** The state of an order or a file after some of its money moved. @param more whether there is more to come. */
export function stateOfMany(states: readonly TransferState[], more: boolean): PaymentState {
  if (states.includes("RJCT")) return "INFA";
  return more || states.includes("PDNG") || states.length === 0 ? "PDNG" : "INCO";
}
