import type { KeyObject } from "node:crypto";

/**
 * An RSA key pair whose private half opens what was encrypted to the public one, and stays where it is: in a store that opens
 * for us. RSAES-OAEP with SHA-256 and no label (RFC 8017 section 7.1).
 */
export interface OpeningKey {
  /** At least 3,072 bits. */
  readonly publicKey: KeyObject;
  /**
   * What was encrypted.
   *
   * Safe to repeat.
   *
   * @throws KeyStoreError when the store gives nothing; Error when it was encrypted to another key, or was changed.
   */
  open(ciphertext: Uint8Array): Promise<Buffer>;
}

/** How everybody encrypts to such a key. */
export const OAEP_HASH = "sha256";
/** Below that, nothing is encrypted: it is kept for many years. */
export const LEAST_BITS = 3_072;
