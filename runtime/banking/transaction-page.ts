import type { FastifyRequest } from "fastify";
import type { CoreBank, TransactionPage, TransactionQuery } from "./core-bank.ts";
import { PAGE_SIZE, parsePlace } from "./paging.ts";

/**
 * The page that a text out of a link names, the first one without a text; undefined when it names none.
 *
 * @param text the `page` of the query, whatever it is.
 */
export async function transactionPage(
  bank: Pick<CoreBank, "transactions">,
  text: unknown,
  among: Omit<TransactionQuery, "limit" | "place">,
): Promise<TransactionPage | undefined> {
  if (text === undefined) return bank.transactions({ ...among, limit: PAGE_SIZE });
  const place = typeof text === "string" ? parsePlace(text) : undefined;
  return place && bank.transactions({ ...among, place, limit: PAGE_SIZE });
}

/** A list's own address, with those of its filters that were given and without a place. */
export function listAddress(request: FastifyRequest, apiHost: string, filters: readonly string[]): URL {
  const url = new URL(`https://${apiHost}${request.url.split("?", 1)[0]}`);
  for (const name of filters) {
    const value = (request.query as Readonly<Record<string, unknown>>)[name];
    if (typeof value === "string") url.searchParams.set(name, value);
  }
  return url;
}
