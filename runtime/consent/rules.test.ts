import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const root = new URL("../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");

const rows = [...read("docs/reference/rules.md").matchAll(/^\|.*\| `([^`]+)` "(.*)" \|$/gm)].map(
  ([, file = "", name = ""]) => ({ file, name }),
);

test("the table of rules names tests at all", () => {
  expect(rows.length).toBeGreaterThan(10);
});

test.each(rows)("$file has the test that the table of rules names: $name", ({ file, name }) => {
  // Cases of a table carry the last words of a name in a property of their own.
  expect(read(file)).toContain(name);
});
