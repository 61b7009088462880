/** Why a store does nothing: `away` and `busy` pass by themselves, the others wait for a person. */
export type KeyStoreReason = "away" | "busy" | "refused" | "no key" | "malformed";

/** A store of keys did not do what it was asked. The message says what to do and holds no token. */
export class KeyStoreError extends Error {
  override readonly name = "KeyStoreError";
  readonly reason: KeyStoreReason;

  constructor(reason: KeyStoreReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }

  /** Whether the same call may succeed in a while though nobody does anything. */
  get retryable(): boolean {
    return this.reason === "away" || this.reason === "busy";
  }
}
