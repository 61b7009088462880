import { readFile, stat } from "node:fs/promises";

/** The present content of a file. */
export type FileContent = () => Promise<string>;

/**
 * Reads a file again when it changed: service account tokens rotate hourly, CA bundles on rotation.
 *
 * A change is a new modification time, size or inode, so the symbolic links of a projected volume count too.
 *
 * @throws the file system's error when the file cannot be read.
 */
export function fileContent(path: string): FileContent {
  let seen: { readonly mark: string; readonly text: Promise<string> } | undefined;
  return async () => {
    const { mtimeMs, size, ino } = await stat(path);
    const mark = `${mtimeMs} ${size} ${ino}`;
    if (seen?.mark !== mark) {
      const text = readFile(path, "utf8");
      seen = { mark, text };
      // A failed read must not be remembered as the file's content.
      text.catch(() => (seen = undefined));
    }
    return seen.text;
  };
}
