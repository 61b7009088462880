import type { ConsentState } from "../service/consent-snapshot.ts";

/** Where a consent may go. */
interface Transition {
  readonly from: readonly ConsentState[];
  readonly to: ConsentState;
}

/**
 * Every change a consent can undergo. What is not here cannot happen; the database holds the same table in a trigger.
 *
 * One table for all kinds: only a file payment ever waits for its file (AWUP), only a payment is consumed (COND).
 *
 * Source: Open Banking UK 4.0, status models of the consents.
 */
export const TRANSITIONS = {
  /** The partner sent the file that it had announced. */
  upload: { from: ["AWUP"], to: "AWAU" },
  /** The customer said yes, with strong authentication. */
  authorise: { from: ["AWAU"], to: "AUTH" },
  /** The customer authenticated again; the earlier grant ends with it. */
  reauthorise: { from: ["AUTH"], to: "AUTH" },
  /** The partner wrote what was agreed to in the words of the present version of the standard; it says the same. */
  migrate: { from: ["AUTH"], to: "AUTH" },
  /** The customer said no. */
  reject: { from: ["AWAU"], to: "RJCT" },
  /** The payment it was given for was made; written by the function `consent.use` in the payment's transaction. */
  use: { from: ["AUTH"], to: "COND" },
  /** The customer took it back at the bank. */
  withdraw: { from: ["AUTH"], to: "CANC" },
  /** The partner deleted it. */
  delete: { from: ["AWUP", "AWAU", "AUTH"], to: "CANC" },
  /** The bank ended its work with the partner. */
  endPartner: { from: ["AWUP", "AWAU", "AUTH"], to: "CANC" },
  /** Its time was over. */
  expire: { from: ["AWUP", "AWAU", "AUTH"], to: "EXPD" },
} as const satisfies Record<string, Transition>;
export type TransitionName = keyof typeof TRANSITIONS;

/** The transitions that end a consent. */
export type Ending = Exclude<TransitionName, "upload" | "authorise" | "reauthorise" | "migrate">;

/** The state after a transition, or undefined when it cannot happen in the present one. */
export function stateAfter(state: ConsentState, transition: TransitionName): ConsentState | undefined {
  const { from, to }: Transition = TRANSITIONS[transition];
  return from.includes(state) ? to : undefined;
}

/** Whether a state admits no change any more. */
export function isEnd(state: ConsentState): boolean {
  return !Object.values<Transition>(TRANSITIONS).some(({ from }) => from.includes(state));
}

/** Whether a state takes away what was given: gateways are told of it. A consumed consent did what it was for. */
export function isTakenBack(state: ConsentState): boolean {
  return isEnd(state) && state !== "COND";
}
