import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const root = new URL("../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");

/** Pages whose tables end with a file and the name of a test in it. */
const PAGES = ["docs/reference/rules.md", "docs/reference/fapi.md"];

const rows = PAGES.flatMap((page) =>
  [...read(page).matchAll(/^\| (.*?) \|.*\| `([^`]+)` "(.*)" \|$/gm)].map(
    ([, clause = "", file = "", name = ""]) => ({ page, clause, file, name }),
  ),
);

test.each(PAGES)("%s names tests at all", (page) => {
  expect(rows.filter((row) => row.page === page).length).toBeGreaterThan(10);
});

test.each(rows)("$file has the test that $page names: $name", ({ file, name }) => {
  // Cases of a table carry the last words of a name in a property of their own.
  expect(read(file)).toContain(name);
});

/** Tests there begin with the clause they hold, those of 5.3.2 without that: "2.1-8" is 5.3.2.1-8. */
const NAMED = /(?:clause: |test\()"((?:5\.[234]|2)\.\d(?:-\d+)?)(?=[ "])/g;

test.each(["refusals", "endpoints"])("each clause that a test of %s begins with is in the table", (name) => {
  const text = read(`runtime/oauth/${name}.integration.test.ts`);
  const clauses = [...text.matchAll(NAMED)].map(([, short = ""]) =>
    short.startsWith("2") ? `5.3.${short}` : short,
  );
  expect(clauses.length).toBeGreaterThan(5);
  const told = new Set(rows.map(({ clause }) => clause.replace(/, \d+$/, "")));
  expect([...new Set(clauses)].filter((clause) => !told.has(clause))).toEqual([]);
});
