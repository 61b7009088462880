import { readFile } from "node:fs/promises";

/** CPU time so far, in s. */
export interface CpuTime {
  /** Of this process. */
  readonly own: number;
  /** Of the processes it has started that have ended. */
  readonly ended: number;
}

/** Ticks of the kernel's accounting in a second, on every Linux that Node runs on. */
const TICKS = 100;

/** What this process and its children have used; 0 for children where there is no `/proc`. */
export async function cpuTime(): Promise<CpuTime> {
  const { user, system } = process.cpuUsage();
  const text = await readFile("/proc/self/stat", "utf8").catch(() => "");
  // After the name, which may have spaces: fields 16 and 17 are cutime and cstime (proc(5)).
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [childUser = 0, childSystem = 0] = [fields[13], fields[14]].map((field) => Number(field ?? 0));
  return { own: (user + system) / 1e6, ended: (childUser + childSystem) / TICKS };
}
