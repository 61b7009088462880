import { readFile, rm, writeFile } from "node:fs/promises";
import type { ClusterFolder } from "./cluster.ts";

/** A process as it can be found again: by its id and when it started, because ids are used anew. */
export interface ProcessId {
  readonly pid: number;
  /** Clock ticks after boot (proc(5), stat, field 22). */
  readonly started: string;
}

/** The processes that hold a running cluster together. */
export interface ClusterState {
  /** First process of the cluster's namespaces: when it ends, the kernel ends all others. */
  readonly first: ProcessId;
  /** Restarts what ends. */
  readonly supervisor?: ProcessId;
}

/** What is known of a process with this id. @throws Error when there is none. */
export async function identify(pid: number): Promise<ProcessId> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  // The program's name stands in brackets and may hold spaces and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z") throw new Error(`process ${pid} has ended`);
  return { pid, started: fields[19] ?? "" };
}

/** Whether it is still the same process. */
export async function lives(process: ProcessId | undefined): Promise<boolean> {
  if (process === undefined) return false;
  const now = await identify(process.pid).catch(() => undefined);
  return now?.started === process.started;
}

/** What was written when the cluster was started; undefined when it is not up. */
export async function readState(folder: ClusterFolder): Promise<ClusterState | undefined> {
  const text = await readFile(folder.state, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const state = JSON.parse(text) as ClusterState;
  return (await lives(state.first)) ? state : undefined;
}

export async function writeState(folder: ClusterFolder, state: ClusterState): Promise<void> {
  await writeFile(folder.state, JSON.stringify(state));
}

export async function forgetState(folder: ClusterFolder): Promise<void> {
  await rm(folder.state, { force: true });
}
