import type { CallContext } from "../service/context.ts";
import { ObukError } from "../service/obuk-error.ts";

/** What a call may read, by the consent it is made under. */
export interface Access {
  readonly customer: string;
  /** AccountIds the customer chose. */
  readonly accounts: readonly string[];
  /** Whether one of these permissions was given. */
  may(...permissions: readonly string[]): boolean;
  /** The earliest and latest booking the consent covers at a time. */
  period(now: Date): Period;
}

/** Both ends belong to it. */
export interface Period {
  readonly from: Date;
  readonly to: Date;
}

const DAY_MS = 86_400_000;

/**
 * The access a gateway's context grants.
 *
 * @throws ObukError 403 when the call is made under no consent.
 */
export function accessOf({ customer, consent }: CallContext): Access {
  if (customer === undefined || consent === undefined) {
    throw new ObukError(403, {
      reason: "ConsentMismatch",
      message: "The access token belongs to no consent of a customer.",
    });
  }
  const { permissions, accounts, historyDays, transactionFrom, transactionTo } = consent;
  return {
    customer,
    accounts,
    may: (...wanted) => wanted.some((permission) => permissions.includes(permission)),
    period: (now) => {
      const earliest = new Date(now.getTime() - historyDays * DAY_MS);
      return narrowed(
        { from: earliest, to: now },
        {
          from: transactionFrom === undefined ? undefined : new Date(transactionFrom),
          to: transactionTo === undefined ? undefined : new Date(transactionTo),
        },
      );
    },
  };
}

/** The part of a period that lies within bounds; it may be empty (`from` after `to`). */
export function narrowed(
  { from, to }: Period,
  bounds: { readonly from: Date | undefined; readonly to: Date | undefined },
): Period {
  return {
    from: bounds.from !== undefined && bounds.from > from ? bounds.from : from,
    to: bounds.to !== undefined && bounds.to < to ? bounds.to : to,
  };
}

/**
 * Makes sure that one of some permissions was given.
 *
 * @throws ObukError 403 that names them.
 */
export function demand(access: Access, ...permissions: readonly string[]): void {
  if (access.may(...permissions)) return;
  throw new ObukError(403, {
    reason: "ConsentMismatch",
    message: `The consent does not give ${permissions.join(" or ")}.`,
  });
}
