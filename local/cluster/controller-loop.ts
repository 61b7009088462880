import { pino } from "pino";
import { Cache } from "../../kube/cache.ts";
import { type Client, createClient } from "../../kube/client.ts";
import { kubeconfigFileCredentials } from "../../kube/kubeconfig.ts";
import type { KubeObject, Resource } from "../../kube/object.ts";
import { Reflector } from "../../kube/reflector.ts";

/** What a controller of a local cluster sees: everything of the kinds it watches, and a client to change it. */
export interface ControllerWorld {
  readonly client: Client;
  /** All objects of a kind that was asked for. */
  readonly all: <T extends KubeObject>(resource: Resource<T>) => readonly T[];
  readonly log: (fields: object, message: string) => void;
}

/** Changes come in bursts; one pass takes them all, this many ms after the first. */
const GATHER = 30;
/** Milliseconds until a pass that failed is tried again. */
const RETRY = 1_000;
/** Milliseconds until everything is looked at again although nothing seems to have changed. */
const SAFETY = 60_000;

/**
 * Runs `pass` over the whole world after every change, for ever, never twice at once.
 *
 * The clusters are small: looking at everything each time is simple and takes milliseconds.
 */
export async function runController(
  name: string,
  kubeconfig: string,
  kinds: readonly Resource<KubeObject>[],
  pass: (world: ControllerWorld) => Promise<void>,
): Promise<void> {
  const logger = pino({ name });
  const client = createClient(await kubeconfigFileCredentials(kubeconfig), { userAgent: `local-${name}` });
  const caches = new Map(kinds.map((resource) => [resource.plural, new Cache({ resource, complete: true })]));
  const world: ControllerWorld = {
    client,
    all: <T extends KubeObject>({ plural }: Resource<T>) =>
      (caches.get(plural)?.list() ?? []) as unknown as readonly T[],
    log: (fields, message) => logger.info(fields, message),
  };
  let timer: NodeJS.Timeout | undefined;
  let running = false;
  const soon = (ms: number) => {
    timer ??= setTimeout(() => {
      timer = undefined;
      if (running) soon(GATHER);
      else void once();
    }, ms);
  };
  const once = async () => {
    if (![...caches.values()].every((cache) => cache.synced)) return;
    running = true;
    try {
      await pass(world);
    } catch (error) {
      logger.warn(
        { error: error instanceof Error ? error.message : String(error) },
        "pass failed, trying again",
      );
      soon(RETRY);
    } finally {
      running = false;
    }
  };
  // Keeps the process alive too, while no connection does: the kit's own timers do not.
  setInterval(() => soon(0), SAFETY);
  for (const cache of caches.values()) {
    cache.subscribe(() => soon(GATHER));
    new Reflector({ client, cache, logger }).start();
  }
  await Promise.all([...caches.values()].map((cache) => cache.whenSynced));
  logger.info({ kinds: kinds.map(({ plural }) => plural) }, "watching");
  soon(0);
}
