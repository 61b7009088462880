import type { FastifyInstance } from "fastify";
import { CONTEXT_HEADER, parseContext } from "../service/context.ts";
import { ObukError } from "../service/obuk-error.ts";
import type { Queries } from "../service/postgres.ts";

/** Customers whose data may be given to nobody now, as the consent service says. */
export interface Restrictions {
  has(customer: string): boolean;
  /** What keeps the service from being ready: that nothing was seen yet. */
  notReady(): string | undefined;
  /** Asks anew. */
  look(): Promise<void>;
}

/**
 * Customers' restrictions, as they were at the last look; known to this process from the first one on. While a look fails
 * the last one holds: what it protects stands in the same database.
 */
export function restrictionsIn(queries: Queries): Restrictions {
  let restricted: ReadonlySet<string> | undefined;
  return {
    // Before the first look nobody's data is given.
    has: (customer) => restricted?.has(customer) ?? true,
    notReady: () => (restricted === undefined ? "not asked yet" : undefined),
    async look() {
      const { rows } = await queries.query<{ readonly customer: string }>(
        "select customer from consent.restricted() as r (customer)",
      );
      restricted = new Set(rows.map(({ customer }) => customer));
    },
  };
}

/**
 * Refuses partners what they ask under a consent of a customer who has restricted the use of her data (GDPR article 18;
 * Kenya DPA 2019 section 34), in the dialect of the address. What the bank was handed to pay before is still paid.
 */
export function refuseRestricted(app: FastifyInstance, { has }: Pick<Restrictions, "has">): void {
  app.addHook("preHandler", async (request) => {
    if (request.peer !== "gateway") return;
    const customer = parseContext(request.headers[CONTEXT_HEADER])?.customer;
    if (customer === undefined || !has(customer)) return;
    throw new ObukError(403, {
      reason: "ConsentMismatch",
      message: "The customer has restricted the use of her data; ask again once she has lifted that.",
    });
  });
}
