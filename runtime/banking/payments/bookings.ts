import type { Money } from "./payment.ts";
import type { Reason } from "./status.ts";

/** Money that a core of the bank's own is to book: the same transfer once, however often it is asked. */
export interface Booking extends Money {
  /** Epoch of the database; an older one than the core has seen comes from a primary that was cut off. */
  readonly epoch: number;
}

/** What the core did: the payee has it, it is on its way to another bank, or nothing was booked. */
export type BookingAnswer =
  | { readonly status: "ACCC" | "ACSP" }
  | { readonly status: "RJCT"; readonly reason: Reason };

/** Money that comes back because another bank did not take it. */
export interface Return {
  /** Id of the booking. */
  readonly id: string;
  readonly epoch: number;
  readonly reason: Reason;
}

/** Where money is booked when it is not booked here. */
export interface Bookings {
  /**
   * Books money, or says what became of it; the same answer for the same id.
   *
   * @throws when there is no answer; it is asked again later.
   */
  book(booking: Booking): Promise<BookingAnswer>;
  /** Gives booked money back; once for an id. @throws as `book`. */
  giveBack(back: Return): Promise<void>;
}
