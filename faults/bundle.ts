import { join } from "node:path";
import { rolldown } from "rolldown";

/**
 * Makes one file of a program and all that it imports, which starts in a third of the CPU time that a thousand files take.
 *
 * @param program path of its first file, from the root of the repository.
 * @returns path of the bundle.
 */
export async function bundle(program: string, folder: string): Promise<string> {
  const input = join(import.meta.dirname, "..", program);
  const bundling = await rolldown({ input, platform: "node", logLevel: "silent" });
  const file = join(folder, `${program.replaceAll(/\W/g, "-")}.mjs`);
  await bundling.write({ file, format: "esm", codeSplitting: false });
  await bundling.close();
  return file;
}
