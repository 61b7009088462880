import { createHmac } from "node:crypto";

/** Digits of a one-time code. */
const DIGITS = 6;

/** How long a code works, in seconds. */
export const CODE_SECONDS = 180;

/** Tries at one code; with six digits a guesser wins 5 times in a million. */
export const CODE_TRIES = 5;

/** What a code is for. A code for one consent or one interaction is worth nothing in another. */
export interface CodePurpose {
  readonly interaction: string;
  readonly consent: string;
  readonly customer: string;
  /** Of a payment: amount, payee and all else it is bound to (service/dynamic-link.ts). */
  readonly link: string | undefined;
}

/**
 * A new code.
 *
 * @param random an integer from 0 up to but not including its argument, unpredictable (`crypto.randomInt`).
 */
export function newCode(random: (below: number) => number): string {
  return String(random(10 ** DIGITS)).padStart(DIGITS, "0");
}

/** The code a customer typed, without the spaces people put in; undefined when it cannot be one. */
export function codeOf(typed: unknown): string | undefined {
  if (typeof typed !== "string") return undefined;
  const digits = typed.replaceAll(/\s/g, "");
  return /^[0-9]{6}$/.test(digits) ? digits : undefined;
}

/** What is kept of a code: without the key nobody finds the code in it, nor uses it for something else. */
export function codeDigest(
  key: string,
  { interaction, consent, customer, link }: CodePurpose,
  code: string,
): string {
  return createHmac("sha256", key)
    .update(JSON.stringify(["one-time code", interaction, consent, customer, link ?? null, code]))
    .digest("base64url");
}

/** Proof that a form came from our page of this interaction. */
export function csrfToken(key: string, interaction: string): string {
  return createHmac("sha256", key)
    .update(JSON.stringify(["form", interaction]))
    .digest("base64url");
}
