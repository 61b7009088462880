import { existsSync, globSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const ignored = (path: string): boolean => /(^|\/)node_modules(\/|$)/.test(path);
const pages = globSync("**/*.md", { cwd: root, exclude: ignored }).toSorted();
const textOf = (page: string): string => readFileSync(join(root, page), "utf8");

/** A word that begins with a folder of the project and a slash is a path, unless it is a piece or a pattern of one. */
const folders = readdirSync(root).filter(
  (name) => !name.startsWith(".") && !ignored(name) && statSync(join(root, name)).isDirectory(),
);
const path = new RegExp(
  String.raw`(?<![\w./@<>{}*…$~-])(?:${folders.join("|")})/[a-z][\w./-]*(?![\w./-]*[*<{…])`,
  "g",
);

/** Tests may be named without theirs. */
const ENDINGS = ["", ".test.ts", ".integration.test.ts", ".e2e.test.ts"];

/** The words by which GitHub leads to headings. */
function anchorsOf(page: string): ReadonlySet<string> {
  const headings = [...textOf(page).matchAll(/^#+ +(.*)$/gm)].map(([, heading = ""]) => heading);
  const anchor = (heading: string): string =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-");
  return new Set(headings.map(anchor));
}

test("what pages link to is there", () => {
  const broken = pages.flatMap((page) => {
    const prose = textOf(page).replaceAll(/`[^`\n]*`/g, "");
    return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = ""]) => {
      if (/^[a-z]+:/.test(target)) return [];
      const [to = "", anchor] = target.split("#");
      const file = to === "" ? page : join(dirname(page), to);
      const holds =
        existsSync(join(root, file)) &&
        (anchor === undefined || !file.endsWith(".md") || anchorsOf(file).has(anchor));
      return holds ? [] : [`${page}: ${target}`];
    });
  });
  expect(broken).toEqual([]);
});

test("files and folders that pages name are there", () => {
  const missing = pages.flatMap((page) => {
    const named = [...textOf(page).matchAll(path)].map(([word]) => word.replace(/[.,/-]+$/, ""));
    const isThere = (word: string): boolean =>
      [root, join(root, dirname(page))].some((folder) =>
        ENDINGS.some((ending) => existsSync(join(folder, `${word}${ending}`))),
      );
    return [...new Set(named)].filter((word) => !isThere(word)).map((word) => `${page}: ${word}`);
  });
  expect(missing).toEqual([]);
});
