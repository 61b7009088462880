import type { KeyObject } from "node:crypto";

/** How a key signs, in the words of JOSE: ECDSA P-256 with SHA-256 (RFC 7518 section 3.4), or Ed25519 (RFC 8037). */
export type KeyAlgorithm = "ES256" | "EdDSA";

/** A key pair whose private half stays where it is: in this process, or in a store that signs for us. */
export interface Key {
  /** Unique within its set, and the name it is published by; the same for as long as the key is the same. */
  readonly id: string;
  readonly algorithm: KeyAlgorithm;
  readonly publicKey: KeyObject;
  /**
   * The signature over bytes, 64 octets: r and s for ES256, as JWS and WebCrypto have it.
   *
   * Safe to repeat.
   *
   * @throws KeyStoreError when the store gives none.
   */
  sign(bytes: Uint8Array): Promise<Buffer>;
  /** {@link sign} of many at once, in their order: all of them or none. @throws KeyStoreError as {@link sign}. */
  signAll(texts: readonly Uint8Array[]): Promise<readonly Buffer[]>;
}

/** The keys that serve one purpose, through their rotation. */
export interface KeySet {
  /** The one that signs now. */
  current(): Key;
  /** Every one that signatures may be of, to be published; {@link current} is among them. */
  all(): readonly Key[];
  /** Calls back after the keys changed. Returns how to stop that. */
  onChange(listener: () => void): () => void;
  stop(): void;
}
