import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { chmod, mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { linesOf } from "./line.ts";

/** Where a group's audit service runs, and how it is reached. */
export interface Place {
  /** Program that speaks to the cluster, such as `kubectl`. */
  readonly kubectl: string;
  /** Absent: what kubectl takes by itself. */
  readonly kubeconfig?: string | undefined;
  /** The stack's namespace: `stack-<group>`. */
  readonly namespace: string;
}

/** Files an export may consist of; no other name is written. */
const FILES = new Set(["leaves.ndjson", "checkpoints.ndjson", "manifest.json", "manifest.json.sig"]);

/**
 * Writes a month of a group's log into a folder, once: files are made read-only, and a folder with anything in it is
 * left alone. A run that was cut short leaves nothing under the folder's name.
 *
 * @throws Error when the folder is in use, or the export did not come whole.
 */
export async function fetchMonth(place: Place, month: string, folder: string): Promise<void> {
  const present = await readdir(folder).catch(() => []);
  if (present.length > 0)
    throw new Error(`${folder} is not empty; an export is never written over. Name another folder.`);
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  const lines = inPod(place, ["runtime/audit/tool.ts", "export", month]);
  await writeFiles(lines, unfinished);
  await rm(folder, { recursive: true, force: true });
  await rename(unfinished, folder);
}

/** Writes lines of the form `<file> <line>` into their files. @throws Error when one is missing or unknown. */
export async function writeFiles(lines: AsyncIterable<string>, folder: string): Promise<void> {
  const files = new Map<string, WriteStream>();
  for (const name of FILES) files.set(name, createWriteStream(join(folder, name), { flags: "wx" }));
  let signed = false;
  for await (const line of lines) {
    const space = line.indexOf(" ");
    const name = line.slice(0, space);
    const file = files.get(name);
    if (file === undefined) throw new Error(`An unknown line came: ${line.slice(0, 100)}`);
    signed ||= name === "manifest.json.sig";
    if (!file.write(`${line.slice(space + 1)}\n`)) await once(file, "drain");
  }
  for (const [name, file] of files) {
    file.end();
    await once(file, "close");
    await chmod(join(folder, name), 0o444);
  }
  if (!signed) throw new Error("The export did not come whole: its signature is missing.");
}

/** Runs one of the audit service's programs in its pod. @throws Error with what it wrote when it fails. */
export async function* inPod(
  { kubectl, kubeconfig, namespace }: Place,
  program: readonly string[],
): AsyncGenerator<string> {
  const where = [...(kubeconfig === undefined ? [] : ["--kubeconfig", kubeconfig]), "--namespace", namespace];
  const child = spawn(
    kubectl,
    [...where, "exec", "deploy/audit", "--container", "audit", "--", "node", ...program],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const ended = once(child, "close") as Promise<[number | null]>;
  yield* linesOf(child.stdout.setEncoding("utf8"));
  const [status] = await ended;
  if (status !== 0) throw new Error(`The audit service gave no answer (${status}): ${said.trim()}`);
}
