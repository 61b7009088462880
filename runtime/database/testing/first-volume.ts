import { join } from "node:path";
import { run } from "../../../local/command.ts";
import { runCache } from "../../../local/testing/run-cache.ts";
import { cached } from "../../../local/toolchain/cache.ts";

/** The data folder of a server that was stopped, and how it goes away. */
export interface FirstVolume {
  readonly data: string;
  readonly remove: () => Promise<void>;
}

/**
 * Copies the data folder that the first caller of a test run made, owners and all; makes it if this is the first.
 *
 * Outside of a test run nothing is made or copied.
 */
export async function copyOfFirst(data: string, make: () => Promise<FirstVolume>): Promise<void> {
  const cache = runCache(process.env);
  if (cache === undefined) return;
  const first = await cached({ cache, kind: "stack-database", key: "first" }, async (folder) => {
    const made = await make();
    await copy(made.data, join(folder, "data"));
    await made.remove();
  });
  await copy(join(first, "data"), data);
}

async function copy(from: string, to: string): Promise<void> {
  await run("cp", ["--archive", "--reflink=auto", from, to]);
}
