import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Transaction, TransactionPage } from "./core-bank.ts";
import { pageLinks, parsePlace, placeText } from "./paging.ts";

const url = new URL("https://api.test/open-banking/v4.0/aisp/transactions?fromBookingDateTime=2026-11-01");
function page(ids: readonly string[], around: Pick<TransactionPage, "older" | "newer">): TransactionPage {
  return { transactions: ids.map((id) => ({ id }) as Transaction), total: 500, ...around };
}

describe("links of a page", () => {
  test("lead on from its last transaction and back from its first, and keep the filters", () => {
    const links = pageLinks(url, "here", page(["9", "8", "7"], { older: true, newer: true }));
    const places = Object.fromEntries(
      Object.entries(links).map(([name, link]) => [name, new URL(String(link)).searchParams.get("page")]),
    );
    expect(places).toEqual({
      Self: "here",
      First: null,
      Prev: placeText({ towards: "newer", beside: "9" }),
      Next: placeText({ towards: "older", beside: "7" }),
    });
    expect(
      Object.values(links).every((link) => String(link).includes("fromBookingDateTime=2026-11-01")),
    ).toBe(true);
  });

  test("of the only page lead nowhere else", () => {
    expect(Object.keys(pageLinks(url, undefined, page(["1"], { older: false, newer: false })))).toEqual([
      "Self",
      "First",
    ]);
    expect(Object.keys(pageLinks(url, undefined, page([], { older: false, newer: false })))).toEqual([
      "Self",
      "First",
    ]);
  });
});

describe("the text of a place", () => {
  test("means the same place again", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("older", "newer"),
        fc.stringMatching(/^[\w.:-]{1,64}$/),
        (towards, beside) => {
          const place = { towards, beside } as const;
          expect(parsePlace(placeText(place))).toEqual(place);
        },
      ),
    );
  });

  test("that nobody gave out means none", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const place = parsePlace(text);
        expect(place === undefined || /^[\w.:-]{1,64}$/.test(place.beside)).toBe(true);
      }),
    );
    expect(parsePlace(Buffer.from("o1; drop table postings").toString("base64url"))).toBeUndefined();
  });
});
