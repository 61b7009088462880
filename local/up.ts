import { mkdir } from "node:fs/promises";
import { imageObstacle } from "./existing/preflight.ts";
import { existingSteps } from "./existing/steps.ts";
import { type Target, targetOf } from "./existing/target.ts";
import { installation, kubectlPath } from "./installation.ts";
import { LockedError, withLock } from "./lock.ts";
import { thisMachine } from "./machine.ts";
import { cacheFolder } from "./paths.ts";
import { platformSteps } from "./platform/steps.ts";
import { obstacle } from "./preflight.ts";
import { runSteps, type Step, StepError, watched } from "./step.ts";
import { clusterSteps } from "./steps.ts";

/** `make up`: clusters and platform from nothing, or the changes since. Ends with status 1 and a sentence when something cannot be had. `up.ts clusters` leaves the platform out. */
async function local(onlyClusters: boolean): Promise<void> {
  const here = installation(process.env);
  const { run } = here;
  const sentence = obstacle(await thisMachine(process.env, here.cache), here.instance);
  if (sentence !== undefined) return fail(sentence);
  await mkdir(run, { recursive: true });
  const steps = [...clusterSteps(here), ...(onlyClusters ? [] : platformSteps(here))];
  await bringUp(`instance ${here.instance.instance}`, steps, {
    logs: `Logs: ${run}/<cluster>/log.`,
    try: `Logs and kubeconfigs: ${run}\nTry: ${kubectlPath(here)} --kubeconfig ${run}/hub.kubeconfig get wekeza -A`,
  });
}

/** `make up CONTEXT=… REGISTRY=…`: the platform in a cluster of the user's own. */
async function existing(target: Target): Promise<void> {
  const { context, run } = target;
  const cache = cacheFolder(process.env);
  const sentence = imageObstacle(await thisMachine(process.env, cache));
  if (sentence !== undefined) return fail(sentence);
  await bringUp(`context ${context}`, existingSteps(target, cache), {
    logs: `Keys and kubeconfig: ${run}.`,
    try: `Keys, which nobody else has: ${run}\nTry: kubectl --context ${context} get wekeza -A`,
  });
}

interface Words {
  /** Where to look after a failure. */
  readonly logs: string;
  /** Where to go on after success. */
  readonly try: string;
}

async function bringUp(lock: string, steps: readonly Step[], words: Words): Promise<void> {
  const start = performance.now();
  const { say, begin } = watched(process.stdout);
  try {
    await withLock(lock, 0, () => runSteps(steps, say, () => performance.now(), begin));
  } catch (error) {
    if (error instanceof LockedError) return fail(error.message);
    if (!(error instanceof StepError)) throw error;
    return fail(`\n${error.message}\n\n${words.logs} "make up" goes on from here.`);
  }
  console.log(`${((performance.now() - start) / 1000).toFixed(1).padStart(6)} s  in all`);
  console.log(`\n${words.try}`);
}

function fail(sentence: string): void {
  console.error(sentence);
  process.exitCode = 1;
}

try {
  const target = targetOf(process.env);
  await (target === undefined ? local(process.argv[2] === "clusters") : existing(target));
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  fail(error.message);
}
