import { newKeyPair } from "./hpke.ts";
import type { Queries } from "./postgres.ts";
import { sealTo } from "./wrapping.ts";

/** What a customer's private key is sealed for. */
export const SUBJECT_KEY = "wekeza audit: key of a customer";

interface Keys {
  readonly public: Buffer | null;
  readonly shredded: boolean | null;
  /** Name of the wrapping key that a new customer's key is sealed to. */
  readonly wrapping: Buffer | null;
  /** That key, when it is RSA. */
  readonly spki: Buffer | null;
}

/**
 * The public key that a customer's personal fields are encrypted to; the first use makes the pair.
 *
 * @returns undefined when the key was shredded: nothing more is kept of an erased customer.
 * @throws Error before the audit service has started for the first time.
 */
export async function subjectKey(tx: Queries, customer: string): Promise<Buffer | undefined> {
  const before = await keysOf(tx, customer);
  if (before.public !== null) return before.shredded === true ? undefined : before.public;
  if (before.wrapping === null)
    throw new Error(
      "There is no wrapping key for customers' keys yet; the audit service makes it known when it starts.",
    );
  const { publicKey, privateKey } = newKeyPair();
  const wrapping = { name: before.wrapping, spki: before.spki ?? undefined };
  const box = sealTo(wrapping, privateKey, { info: SUBJECT_KEY, aad: customer });
  await tx.query("select audit.add_subject_key($1, $2, $3, $4)", [customer, publicKey, box, before.wrapping]);
  const after = await keysOf(tx, customer);
  return after.shredded === true ? undefined : (after.public ?? undefined);
}

async function keysOf(tx: Queries, customer: string): Promise<Keys> {
  const { rows } = await tx.query<Keys>(
    "select public, shredded, wrapping, spki from audit.sealing_keys($1)",
    [customer],
  );
  return rows[0] ?? { public: null, shredded: null, wrapping: null, spki: null };
}
