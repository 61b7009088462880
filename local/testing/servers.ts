/**
 * Gets every real server that integration tests start, so that none of them waits for it: a fresh machine compiles and
 * fetches for minutes, a warm one finds all in place.
 */
import { cacheFolder } from "../paths.ts";
import { runSteps, type Step } from "../step.ts";
import { debianTree } from "../toolchain/debian.ts";
import { GO_MODULES, goPrograms } from "../toolchain/go.ts";
import { javaRuntime } from "../toolchain/java.ts";
import { kafkaJars } from "../toolchain/kafka.ts";
import { openBaoProgram } from "../toolchain/openbao.ts";
import { POSTGRES_PACKAGES } from "./postgres.ts";
import { REDIS_PACKAGES } from "./redis.ts";
import { REGISTRY_PACKAGES } from "./registry.ts";

const cache = cacheFolder(process.env);

const steps: readonly Step[] = [
  step("Kubernetes programs", () => goPrograms(cache, GO_MODULES.kube)),
  step("Postgres", () => debianTree(cache, POSTGRES_PACKAGES)),
  step("Redis", () => debianTree(cache, REDIS_PACKAGES)),
  step("image registry", () => debianTree(cache, REGISTRY_PACKAGES)),
  step("Java", () => javaRuntime(cache)),
  step("Kafka", () => kafkaJars(cache)),
  {
    name: "OpenBao",
    run: async () =>
      (await openBaoProgram(cache)) === undefined ? "cannot be had here: its tests are skipped" : undefined,
  },
];

await runSteps(
  steps,
  (line) => console.log(line),
  () => performance.now(),
);

function step(name: string, get: () => Promise<unknown>): Step {
  return {
    name,
    async run() {
      await get();
      return undefined;
    },
  };
}
