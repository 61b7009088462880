import { expect, test } from "vitest";
import type { Kubectl } from "../platform/kubectl.ts";
import { patiently } from "./patience.ts";

const metadata = { namespace: "stack-here", name: "gateway-1" };
const waiting = (reason: string) => ({
  metadata,
  status: { containerStatuses: [{ image: "r.example/wekeza:1", state: { waiting: { reason } } }] },
});

/** A cluster that answers `get` alone. */
const clusterWith =
  (pods: readonly object[], services: readonly object[] = []): Kubectl =>
  async ([, kind]) =>
    JSON.stringify({ items: kind === "pods" ? pods : services });

/** Fails a number of times; counts its calls. */
function work(failures: number) {
  const tries: string[] = [];
  return {
    tries,
    run: async (timeout: string) => {
      tries.push(timeout);
      if (tries.length <= failures) throw new Error("timed out");
      return "done";
    },
  };
}

test("what comes late comes all the same", async () => {
  const { tries, run } = work(2);
  expect(await patiently(clusterWith([waiting("ContainerCreating")]), ["stack-here"], run)).toBe("done");
  expect(tries).toEqual(["60s", "60s", "60s"]);
});

test("an image that cannot be pulled is not waited for again", async () => {
  const { tries, run } = work(9);
  await expect(patiently(clusterWith([waiting("ImagePullBackOff")]), ["stack-here"], run)).rejects.toThrow(
    "the node cannot pull r.example/wekeza:1",
  );
  expect(tries).toHaveLength(1);
});

test("at the end pods and Services say why, and the last try where they have nothing to say", async () => {
  const service = { metadata: { ...metadata, name: "api" }, spec: { type: "LoadBalancer" } };
  const cluster = clusterWith([waiting("CrashLoopBackOff")], [service]);
  await expect(patiently(cluster, ["stack-here"], work(9).run, 2)).rejects.toThrow(
    /^Pod stack-here\/gateway-1: CrashLoopBackOff[^\n]*\nno address for Service stack-here\/api/,
  );
  await expect(patiently(clusterWith([]), ["stack-here"], work(9).run, 2)).rejects.toThrow("timed out");
});
