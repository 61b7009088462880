import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

const docs = join(import.meta.dirname, "../docs");

test("every proof that docs/capability-levels.md names is a test that exists", async () => {
  const page = await readFile(join(docs, "capability-levels.md"), "utf8");
  const proofs = [...page.matchAll(/\| (\d) [^|]+\|[^|]+\| \[[^\]]+\]\(([^)]+)\): "([^"]+)" \|/g)];
  expect(proofs.map(([, level]) => level)).toEqual(["1", "2", "3", "4", "5"]);
  for (const [, , file = "", name = ""] of proofs)
    expect(await readFile(join(docs, file), "utf8")).toContain(`"${name}"`);
});
