/** Writes `manifests/` and `docs/reference/` from the schemas; with `--check`, only says what is stale and fails. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { customResourceDefinition } from "./definition.ts";
import { KINDS } from "./kinds.ts";
import { referencePage } from "./reference.ts";

const root = join(import.meta.dirname, "..");

const files = KINDS.flatMap((kind) => [
  {
    path: `crds/manifests/${kind.plural}.yaml`,
    text: stringify(customResourceDefinition(kind), {
      aliasDuplicateObjects: false,
      lineWidth: 0,
      version: "1.1",
    }),
  },
  { path: `docs/reference/${kind.kind.toLowerCase()}.md`, text: referencePage(kind) },
]);

function present(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

const stale = files.filter(({ path, text }) => present(path) !== text);
if (process.argv.includes("--check")) {
  for (const { path } of stale) console.error(`${path} is stale; run: npm run generate`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  mkdirSync(join(root, "crds/manifests"), { recursive: true });
  mkdirSync(join(root, "docs/reference"), { recursive: true });
  for (const { path, text } of stale) {
    writeFileSync(join(root, path), text);
    console.log(`wrote ${path}`);
  }
}
