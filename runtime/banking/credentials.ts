import { scrypt, timingSafeEqual } from "node:crypto";

/** A password as it is kept: never itself. */
export interface PasswordHash {
  readonly salt: Buffer;
  readonly hash: Buffer;
  /** scrypt's N. */
  readonly cost: number;
}

/** N of new hashes: 32 MiB and some 60 ms on one core (OWASP names N = 2^15 with r = 8 and p = 3, or more memory). */
export const SCRYPT_COST = 2 ** 15;
const BLOCK_SIZE = 8;
const LENGTH = 32;

/** The hash of a password (scrypt, RFC 7914, r = 8, p = 1). */
export function hashPassword(password: string, salt: Buffer, cost = SCRYPT_COST): Promise<PasswordHash> {
  return new Promise((resolve, reject) => {
    // Node counts 128·N·r bytes and refuses to use exactly its limit.
    const options = { N: cost, r: BLOCK_SIZE, p: 1, maxmem: 256 * cost * BLOCK_SIZE };
    scrypt(password.normalize("NFKC"), salt, LENGTH, options, (error, hash) => {
      if (error) reject(error);
      else resolve({ salt, hash, cost });
    });
  });
}

/** What an unknown name is compared with, so that it takes as long as a known one. */
const NOBODY: PasswordHash = { salt: Buffer.alloc(16), hash: Buffer.alloc(LENGTH), cost: SCRYPT_COST };

/** Whether a password is the one that was kept; `kept` undefined (no such name) takes the same time and is never true. */
export async function passwordMatches(password: string, kept: PasswordHash | undefined): Promise<boolean> {
  const { salt, hash, cost } = kept ?? NOBODY;
  const offered = await hashPassword(password, salt, cost);
  return timingSafeEqual(offered.hash, hash) && kept !== undefined;
}
