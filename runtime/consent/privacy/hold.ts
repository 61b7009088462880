import type { Database, Queries } from "../../service/postgres.ts";
import { tell } from "./events.ts";
import { lockCustomer, PrivacyRefused } from "./request-store.ts";

/** A need that somebody has of everything about a customer: nothing of it is erased meanwhile. */
export interface LegalHold {
  readonly id: string;
  readonly customer: string;
  /** Such as the number of a case; nothing personal. */
  readonly reason: string;
  /** Who answers for it. */
  readonly placedBy: string;
  readonly placedAt: Date;
  /** When it ends by itself. */
  readonly until: Date;
}

/** Until when a customer's data is held; undefined when nobody holds it. */
export async function heldUntil(queries: Queries, customer: string, at: Date): Promise<Date | undefined> {
  const { rows } = await queries.query<{ readonly until: Date | null }>(
    "select held_until($1, $2) as until",
    [customer, at],
  );
  return rows[0]?.until ?? undefined;
}

/** What was placed to keep a customer's data and never released; those whose time is over keep nothing any more. */
export async function holdsOf(queries: Queries, customer: string): Promise<readonly LegalHold[]> {
  const { rows } = await queries.query<LegalHold>(
    `select id, customer, reason, placed_by as "placedBy", placed_at as "placedAt", until from legal_holds
     where customer = $1 and released_at is null order by placed_at`,
    [customer],
  );
  return rows;
}

/** Keeps everything about a customer from being erased. */
export function placeHold(database: Database, hold: LegalHold): Promise<void> {
  return database.transaction(async (tx) => {
    const { id, customer, reason, placedBy, placedAt, until } = hold;
    await lockCustomer(tx, customer);
    await tx.query(
      `insert into legal_holds (id, customer, reason, placed_by, placed_at, until) values ($1, $2, $3, $4, $5, $6)`,
      [id, customer, reason, placedBy, placedAt, until],
    );
    await tell(tx, id, {
      type: "privacy.held",
      at: placedAt.toISOString(),
      customer,
      actor: { kind: "bank", id: placedBy },
      hold: id,
      because: reason,
      until: until.toISOString(),
    });
  });
}

/**
 * Ends a hold before its time; what had waited for it is looked at at once.
 *
 * @throws PrivacyRefused when there is no such hold, or it was released before.
 */
export function releaseHold(
  database: Database,
  id: string,
  { by, at }: { readonly by: string; readonly at: Date },
): Promise<void> {
  return database.transaction(async (tx) => {
    const { rows } = await tx.query<{ readonly customer: string }>(
      "update legal_holds set released_at = $2, released_by = $3 where id = $1 and released_at is null returning customer",
      [id, at, by],
    );
    const customer = rows[0]?.customer;
    if (customer === undefined) throw new PrivacyRefused(`There is no hold ${id} that could be released.`);
    await tx.query("update privacy_requests set look_at = $2 where customer = $1 and look_at is not null", [
      customer,
      at,
    ]);
    await tx.query(
      `update ages a set look_at = $2 from consents c
       where c.customer = $1 and a.consent = c.id and a.look_at > $2`,
      [customer, at],
    );
    await tell(tx, id, {
      type: "privacy.released",
      at: at.toISOString(),
      customer,
      actor: { kind: "bank", id: by },
      hold: id,
    });
  });
}
