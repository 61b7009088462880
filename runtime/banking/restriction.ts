import type { FastifyInstance } from "fastify";
import { CONTEXT_HEADER, parseContext } from "../service/context.ts";
import type { Log } from "../service/logger.ts";
import { ObukError } from "../service/obuk-error.ts";
import type { Queries } from "../service/postgres.ts";

/** Customers whose data may be given to nobody now, as the consent service says. */
export interface Restrictions {
  has(customer: string): boolean;
  /** Asks anew. */
  look(): Promise<void>;
}

/** Customers' restrictions, as they were at the last look; known to this process from the first one on. */
export function restrictionsIn(queries: Queries): Restrictions {
  let restricted: ReadonlySet<string> | undefined;
  return {
    // Before the first look nobody's data is given.
    has: (customer) => restricted?.has(customer) ?? true,
    async look() {
      const { rows } = await queries.query<{ readonly customer: string }>(
        "select customer from consent.restricted() as r (customer)",
      );
      restricted = new Set(rows.map(({ customer }) => customer));
    },
  };
}

/** How often is looked, in ms: a restriction holds in every pod within this, and a moment. */
const LOOK_MS = 1_000;

/**
 * Looks again and again. While that fails the last look holds: what it protects stands in the same database.
 *
 * @returns `trouble` is what keeps the service from being ready: that nothing was seen yet.
 */
export function keepLooking(
  restrictions: Restrictions,
  log: Log,
): { readonly trouble: () => string | undefined; readonly stop: () => void } {
  let failing = false;
  let trouble: string | undefined = "not asked yet";
  const look = async (): Promise<void> => {
    try {
      await restrictions.look();
      failing = false;
      trouble = undefined;
    } catch (error) {
      if (!failing) log.warn({ err: error }, "restrictions of customers cannot be read");
      failing = true;
    }
  };
  const looking = setInterval(() => void look(), LOOK_MS);
  void look();
  return { trouble: () => trouble, stop: () => clearInterval(looking) };
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
