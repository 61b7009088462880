import { hash } from "node:crypto";

/** Bytes of a hash. */
export const HASH_BYTES = 32;

/** Root of a tree without leaves: the hash of nothing (RFC 9162 section 2.1.1). */
export const EMPTY_ROOT = hash("sha256", "", "buffer");

/** Hash of a leaf: SHA-256 of 0x00 and its bytes. */
export function leafHash(leaf: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(leaf.length + 1);
  bytes[0] = 0;
  bytes.set(leaf, 1);
  return hash("sha256", bytes, "buffer");
}

/** Hash of an inner node: SHA-256 of 0x01 and its children. The first byte keeps it from ever being a leaf's. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(1 + 2 * HASH_BYTES);
  bytes[0] = 1;
  bytes.set(left, 1);
  bytes.set(right, 1 + HASH_BYTES);
  return hash("sha256", bytes, "buffer");
}

/** Hashes written one after the other, as they are kept in a row. */
export function splitHashes(bytes: Buffer): readonly Buffer[] {
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, n) =>
    bytes.subarray(n * HASH_BYTES, (n + 1) * HASH_BYTES),
  );
}
