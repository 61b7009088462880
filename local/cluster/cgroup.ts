import { existsSync } from "node:fs";
import { lstat, mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { until } from "../wait.ts";

const ROOT = "/sys/fs/cgroup";

/** Whether the machine has only the unified hierarchy (cgroup v2). */
function unified(): boolean {
  return existsSync(join(ROOT, "cgroup.controllers"));
}

/** The folder of a group in every hierarchy: one with v2, one per controller with v1. */
async function folders(id: string): Promise<readonly string[]> {
  if (unified()) return [join(ROOT, id)];
  const found: string[] = [];
  for (const name of await readdir(ROOT)) {
    const hierarchy = join(ROOT, name);
    // "cpu" may be a symbolic link to "cpu,cpuacct"; "unified" is the v2 tree of a hybrid machine, without controllers.
    if (name === "unified" || !(await lstat(hierarchy)).isDirectory()) continue;
    if (existsSync(join(hierarchy, "cgroup.procs"))) found.push(join(hierarchy, id));
  }
  return found;
}

/** Makes a group for everything of one cluster, its pods included: to freeze, to account and to end as one. */
export async function createGroup(id: string): Promise<void> {
  for (const folder of await folders(id)) {
    await mkdir(folder, { recursive: true });
    if (folder.includes("/cpuset/")) {
      // A new v1 cpuset is empty and takes no process.
      for (const file of ["cpuset.cpus", "cpuset.mems"]) {
        await writeFile(join(folder, file), await readFile(join(folder, "..", file), "utf8"));
      }
    }
  }
  // With v2 a group with child groups holds no process of its own.
  if (unified()) await mkdir(join(ROOT, id, "system"), { recursive: true });
}

/** Puts a process, and so everything it will start, into the group. */
export async function joinGroup(id: string, pid: number): Promise<void> {
  for (const folder of await folders(id)) {
    await writeFile(join(folder, unified() ? "system/cgroup.procs" : "cgroup.procs"), String(pid));
  }
}

/** Stops every process of the group where it stands, or lets them go on. */
export async function freezeGroup(id: string, frozen: boolean): Promise<void> {
  if (unified()) {
    await writeFile(join(ROOT, id, "cgroup.freeze"), frozen ? "1" : "0");
    return;
  }
  const state = join(ROOT, "freezer", id, "freezer.state");
  await writeFile(state, frozen ? "FROZEN" : "THAWED");
  const wanted = frozen ? "FROZEN" : "THAWED";
  await until(async () => (await readFile(state, "utf8")).trim() === wanted, {
    timeout: 10_000,
    what: `cgroup ${id} to be ${wanted}`,
  });
}

/** Whether the group stands still. False when there is no such group. */
export async function isFrozen(id: string): Promise<boolean> {
  const file = unified() ? join(ROOT, id, "cgroup.freeze") : join(ROOT, "freezer", id, "freezer.state");
  const state = (await readFile(file, "utf8").catch(() => "")).trim();
  return state === "1" || state === "FROZEN" || state === "FREEZING";
}

/** Removes the group and those in it, once its processes are gone. Safe to repeat. */
export async function removeGroup(id: string): Promise<void> {
  await until(
    async () => {
      // On a hybrid machine the container runtime makes the same groups in the v2 tree as well.
      for (const folder of [...(await folders(id)), join(ROOT, "unified", id)]) await removeTree(folder);
      return true;
    },
    { timeout: 15_000, what: `the last process of cgroup ${id} to be gone` },
  );
}

async function removeTree(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeTree(join(folder, entry.name));
  }
  await rmdir(folder);
}
