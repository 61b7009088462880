import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

const repository = join(import.meta.dirname, "..");
const page = await readFile(join(repository, "docs/reliability.md"), "utf8");
const [, proofs = "", reasons = ""] = page.split(/## The catalogue|### Not tested, and why/);

/** Rows of a table: the ids in the first cell, and the last cell. */
const rows = (table: string) =>
  table.split("\n").flatMap((line) => {
    const cells = line.split("|").map((cell) => cell.trim());
    const ids = cells[1]?.match(/(REL|SEC)-\d\d( to (REL|SEC)-\d\d)?/g) ?? [];
    return ids.length === 0 ? [] : [{ ids: ids.flatMap(expanded), last: cells.at(-2) ?? "" }];
  });

/** `SEC-31 to SEC-33` names three. */
function expanded(text: string): readonly string[] {
  const [from = "", to = from] = text.split(" to ");
  const [first, last] = [Number(from.slice(4)), Number(to.slice(4))];
  return Array.from({ length: last - first + 1 }, (_, index) => {
    return `${from.slice(0, 4)}${String(first + index).padStart(2, "0")}`;
  });
}

test("every item of the catalogue is proved, or its reason is given", () => {
  const named = new Set([...rows(proofs), ...rows(reasons)].flatMap(({ ids }) => ids));
  const sec = [
    [1, 12],
    [20, 27],
    [30, 38],
    [40, 46],
    [50, 55],
  ] as const;
  const wanted = [[1, 36] as const].flatMap(([first, last]) =>
    expanded(`REL-${String(first).padStart(2, "0")} to REL-${last}`),
  );
  for (const [first, last] of sec)
    wanted.push(...expanded(`SEC-${String(first).padStart(2, "0")} to SEC-${last}`));
  expect(wanted.filter((id) => !named.has(id))).toEqual([]);
});

test.each(rows(proofs))("$ids is in the files that are said to prove it", async ({ ids, last }) => {
  const files = [...last.matchAll(/`([^`]+)`/g)].map(([, file = ""]) => file);
  expect(files).not.toEqual([]);
  for (const file of files) {
    const text = await readFile(join(repository, file), "utf8");
    for (const id of ids) expect([file, text.includes(id)]).toEqual([file, true]);
  }
});
