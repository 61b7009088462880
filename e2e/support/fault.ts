import { run } from "../../local/command.ts";
import { REPOSITORY } from "../../local/paths.ts";
import type { ClusterName } from "./clusters.ts";

/** Makes a cluster fail, or heals it, as `node local/fault.ts` does. Safe to repeat. */
export async function fault(what: "cut" | "join" | "kill" | "start", cluster: ClusterName): Promise<void> {
  await run(process.execPath, ["local/fault.ts", what, cluster], { cwd: REPOSITORY });
}
