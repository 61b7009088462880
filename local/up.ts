import { mkdir } from "node:fs/promises";
import { installation, kubectlPath } from "./installation.ts";
import { LockedError, withLock } from "./lock.ts";
import { thisMachine } from "./machine.ts";
import { platformSteps } from "./platform/steps.ts";
import { obstacle } from "./preflight.ts";
import { runSteps, StepError } from "./step.ts";
import { clusterSteps } from "./steps.ts";

/** `make up`: clusters and platform from nothing, or the changes since. Ends with status 1 and a sentence when something cannot be had. `up.ts clusters` leaves the platform out. */
async function main(onlyClusters: boolean): Promise<void> {
  const here = installation(process.env);
  const sentence = obstacle(await thisMachine(process.env, here.cache), here.instance);
  if (sentence !== undefined) return fail(sentence);
  await mkdir(here.run, { recursive: true });
  const start = performance.now();
  try {
    await withLock(`instance ${here.instance.instance}`, 0, () =>
      runSteps(
        [...clusterSteps(here), ...(onlyClusters ? [] : platformSteps(here))],
        (line) => console.log(line),
        () => performance.now(),
      ),
    );
  } catch (error) {
    if (error instanceof LockedError) return fail(error.message);
    if (!(error instanceof StepError)) throw error;
    return fail(`${error.message}\n\nLogs: ${here.run}/<cluster>/log. "make up" goes on from here.`);
  }
  console.log(`${((performance.now() - start) / 1000).toFixed(1).padStart(6)} s  in all`);
  console.log(
    `\nLogs and kubeconfigs: ${here.run}\nTry: ${kubectlPath(here)} --kubeconfig ${here.run}/ke.kubeconfig get pods -A`,
  );
}

function fail(sentence: string): void {
  console.error(sentence);
  process.exitCode = 1;
}

try {
  await main(process.argv[2] === "clusters");
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  fail(error.message);
}
