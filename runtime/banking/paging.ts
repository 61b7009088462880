import type { Place, TransactionPage } from "./core-bank.ts";

/** Transactions on a page; the standard allows 25 to 1000. */
export const PAGE_SIZE = 100;

/**
 * The opaque text of a place in a list.
 *
 * It is not signed: whatever it says, a page holds only what the consent gives.
 */
export function placeText({ towards, beside }: Place): string {
  return Buffer.from(`${towards === "older" ? "o" : "n"}${beside}`).toString("base64url");
}

/** The place a text means, or undefined when it means none. */
export function parsePlace(text: string): Place | undefined {
  const [, direction, beside] =
    /^([on])([\w.:-]{1,64})$/.exec(Buffer.from(text, "base64url").toString("latin1")) ?? [];
  if (beside === undefined) return undefined;
  return { towards: direction === "o" ? "older" : "newer", beside };
}

/** `Links` of a page: itself, the first, and what lies before and after. */
export interface PageLinks {
  readonly Self: string;
  readonly First: string;
  readonly Prev?: string;
  readonly Next?: string;
}

/**
 * Links around a page of transactions.
 *
 * @param url of the list without a place; its filters stay in every link.
 * @param place where this page begins, as text.
 */
export function pageLinks(url: URL, place: string | undefined, page: TransactionPage): PageLinks {
  const at = (text: string | undefined): string => {
    const link = new URL(url);
    if (text !== undefined) link.searchParams.set("page", text);
    return link.href;
  };
  const newest = page.transactions[0];
  const oldest = page.transactions.at(-1);
  return {
    Self: at(place),
    First: at(undefined),
    ...(page.newer && newest ? { Prev: at(placeText({ towards: "newer", beside: newest.id })) } : {}),
    ...(page.older && oldest ? { Next: at(placeText({ towards: "older", beside: oldest.id })) } : {}),
  };
}
