import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** The folder of this repository, where sources and `node_modules` are. */
export const REPOSITORY = resolve(import.meta.dirname, "..");

/** Where everything expensive is kept between runs. Removed only by `make down PURGE=1`. */
export function cacheFolder(environment: NodeJS.ProcessEnv): string {
  return join(environment["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "wekeza");
}

/** Where the running clusters of one instance keep their state, logs and kubeconfigs. Removed by `make down`. */
export function runFolder(environment: NodeJS.ProcessEnv, instance: number): string {
  return join(cacheFolder(environment), "run", String(instance));
}

/**
 * Where an installation into a cluster of the user's own keeps its keys and kubeconfig. Removed by `make down CONTEXT=…`.
 *
 * @param context name of a kubeconfig context; it may hold what a file name may not.
 */
export function contextFolder(environment: NodeJS.ProcessEnv, context: string): string {
  return join(cacheFolder(environment), "run", `context-${encodeURIComponent(context)}`);
}
