import type { Reason } from "./status.ts";

/** Money that leaves the bank: what the payee's bank is told. */
export interface Remittance {
  /** Id of the transfer: the scheme takes the same one once, however often it is sent. */
  readonly id: string;
  /** Epoch of the database; an older one than the scheme has seen comes from a primary that was cut off. */
  readonly epoch: number;
  readonly payment: string;
  readonly endToEnd: string;
  /** In minor units of the currency, as text. */
  readonly amount: string;
  readonly currency: string;
  readonly debtor: { readonly scheme: string; readonly identification: string; readonly name: string };
  readonly creditor: { readonly scheme: string; readonly identification: string; readonly name: string };
  readonly reference: string;
}

/** What the payee's bank did. */
export type SchemeAnswer =
  | { readonly status: "ACSC" | "ACWP" | "ACCC" | "BLCK" }
  | { readonly status: "RJCT"; readonly reason: Reason };

/** Nothing was taken: whoever sends writes to a database that was cut off, and another has gone on since. */
export class EpochOver extends Error {
  override readonly name = "EpochOver";

  constructor({ id, epoch }: Pick<Remittance, "id" | "epoch">) {
    super(`Nothing was said about transfer ${id}: epoch ${epoch} is over, the scheme knows a newer one.`);
  }
}

/** The way to other banks. */
export interface Scheme {
  /**
   * Hands money over, or asks what became of it; the same answer for the same id, until it moves on.
   *
   * @throws EpochOver, or when there is no answer; it is asked again later.
   */
  send(remittance: Remittance): Promise<SchemeAnswer>;
}
