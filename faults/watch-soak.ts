import { Cache } from "../kube/cache.ts";
import type { Client } from "../kube/client.ts";
import { createClient } from "../kube/client.ts";
import { systemClock } from "../kube/clock.ts";
import type { Credentials } from "../kube/credentials.ts";
import { staticCredentials } from "../kube/credentials.ts";
import { Reflector } from "../kube/reflector.ts";
import type { ConfigMap } from "../kube/resources.ts";
import { configMaps } from "../kube/resources.ts";
import { FaultyProxy } from "../kube/testing/proxy.ts";
import { until } from "../kube/testing/until.ts";
import { seeded, shuffled } from "./random.ts";

export interface SoakOptions {
  readonly admin: Client;
  readonly credentials: Credentials;
  /** There already; nobody else writes ConfigMaps in it. */
  readonly namespace: string;
  readonly expiries: number;
  readonly resets: number;
  readonly seed: number;
  /** Called after each break, for measurements. */
  readonly after?: () => void;
}

const EXPIRED = {
  type: "ERROR",
  object: { kind: "Status", apiVersion: "v1", status: "Failure", reason: "Expired", code: 410 },
};

/**
 * Breaks a watch again and again while objects change, and sees to it each time that nothing was missed.
 *
 * @returns how many breaks there were.
 * @throws Error when a change does not arrive.
 */
export async function soakWatch(options: SoakOptions): Promise<number> {
  const { admin, credentials, namespace, expiries, resets, seed, after } = options;
  const proxy = new FaultyProxy(credentials);
  const client = createClient(staticCredentials({ server: await proxy.start() }), { userAgent: "soak" });
  const cache = new Cache<ConfigMap>({ resource: configMaps });
  // A hundred times as fast: back-off after a thousand breaks would otherwise be most of the time.
  const clock = {
    ...systemClock,
    after: (ms: number, callback: () => void) => systemClock.after(ms / 100, callback),
  };
  const reflector = new Reflector({ client, cache, namespace, clock, silenceMs: 10_000_000 });
  reflector.start();
  await cache.whenSynced;
  const breaks = shuffled(
    [...Array<"expire">(expiries).fill("expire"), ...Array<"reset">(resets).fill("reset")],
    seeded(seed),
  );
  try {
    for (const [round, how] of breaks.entries()) {
      const write = (name: string): Promise<unknown> => {
        const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name } } as const;
        return admin.apply(
          configMaps,
          { ...object, data: { round: String(round) } },
          { fieldManager: "soak", force: true },
        );
      };
      // One change before the break, one while the watch is away, one deletion that only a new picture shows.
      const gone = admin.delete(configMaps, { namespace, name: `goes-${round - 1}` });
      await Promise.all([write("stays"), write(`goes-${round}`), gone]);
      proxy.breakWatches(how === "reset" ? "reset" : { event: EXPIRED });
      await write("late");
      const caughtUp = (): boolean =>
        ["stays", "late"].every(
          (name) => cache.get({ namespace, name })?.data?.["round"] === String(round),
        ) &&
        cache.get({ namespace, name: `goes-${round}` }) !== undefined &&
        cache.get({ namespace, name: `goes-${round - 1}` }) === undefined;
      await until(`the cache to catch up after break ${round} (${how})`, caughtUp, 60_000);
      // What the proxy has seen is not what the watch keeps.
      proxy.seen.length = 0;
      after?.();
    }
  } finally {
    await reflector.stop();
    await client.close();
    await proxy.stop();
  }
  return breaks.length;
}
