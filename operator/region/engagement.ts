import { type Client, type ClientOptions, createClient } from "../../kube/client.ts";
import { type Clock, type Stop, systemClock } from "../../kube/clock.ts";
import type { Clusters } from "../../kube/clusters.ts";
import type { Credentials } from "../../kube/credentials.ts";
import { kubeconfigCredentials } from "../../kube/kubeconfig.ts";
import type { Logger } from "../../kube/logger.ts";
import { HOME } from "../../kube/plan.ts";
import { secrets } from "../../kube/resources.ts";
import { type RegionObject, regions } from "../../crds/resources.ts";
import { RotatingCredentials } from "./rotating-credentials.ts";
import { tokenIn } from "./token.ts";
import type { Token } from "./world.ts";

export interface EngagementOptions {
  readonly clusters: Clusters;
  /** The hub, as the operator reads its own namespace. */
  readonly hub: Client;
  /** Namespace of the kubeconfig Secrets. */
  readonly namespace: string;
  readonly client: ClientOptions;
  readonly logger: Logger;
  readonly clock?: Clock | undefined;
  /** Between looks at every Secret, in ms. Default 30 s. */
  readonly intervalMs?: number | undefined;
}

/** A region's cluster as far as the operator has a way into it. */
export type Engaged =
  | { readonly token: Token | undefined; readonly server: string }
  /** Why there is none, and the next step. */
  | { readonly missing: string };

interface Known {
  readonly text: string;
  /** What {@link text} says; parsed once for each text. */
  readonly token: Token | undefined;
  readonly credentials: RotatingCredentials;
  /** What a change of makes it another cluster. */
  readonly identity: string;
}

/** Data key of a Secret with a kubeconfig. */
export const KUBECONFIG_KEY = "kubeconfig";

/**
 * Keeps the clusters of all Regions engaged, whoever leads, so that a standby's caches are warm.
 *
 * A new token in the Secret goes into the connections that are there; another server or CA is another cluster.
 */
export class Engagement {
  readonly #options: EngagementOptions;
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();
  readonly #work = new Map<string, Promise<Engaged>>();
  readonly #stops: Stop[] = [];
  /** Ends the wait for the next look at every Secret. */
  #rest: Stop = () => {};
  #stopped = false;

  constructor(options: EngagementOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  start(): void {
    const { clusters } = this.#options;
    this.#stops.push(
      clusters.subscribe(({ cluster, resource, change }) => {
        if (cluster !== HOME || resource.kind !== regions.kind) return;
        const { name } = change.object.metadata;
        if (change.type === "removed") this.#later(name, () => this.#leave(name));
        else this.#later(name, () => this.#look(change.object as RegionObject));
      }),
    );
    this.#tick();
  }

  /** Looks at a region's Secret now and engages its cluster if it can. @throws KubeError when the Secret cannot be read. */
  ensure(region: RegionObject): Promise<Engaged> {
    return this.#after(region.metadata.name, () => this.#look(region));
  }

  /** Resolves when every Region of now was looked at, whatever came of it. */
  async settled(): Promise<void> {
    const all = this.#options.clusters.get(HOME)?.cache(regions)?.list() ?? [];
    await Promise.allSettled(all.map((region) => this.ensure(region)));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const stop of this.#stops.splice(0)) stop();
    this.#rest();
    await Promise.allSettled(this.#work.values());
  }

  #tick(): void {
    const { clusters, intervalMs = 30_000 } = this.#options;
    const all = clusters.get(HOME)?.cache(regions)?.list() ?? [];
    for (const region of all) this.#later(region.metadata.name, () => this.#look(region));
    this.#rest = this.#clock.after(intervalMs, () => !this.#stopped && this.#tick());
  }

  #later(name: string, work: () => Promise<Engaged>): void {
    this.#after(name, work).catch((error: unknown) =>
      this.#options.logger.warn({ region: name, err: error }, "kubeconfig not read"),
    );
  }

  /** One thing at a time for each region. */
  #after(name: string, work: () => Promise<Engaged>): Promise<Engaged> {
    const before = this.#work.get(name) ?? Promise.resolve();
    const next = before.then(work, work);
    this.#work.set(name, next);
    return next;
  }

  async #look({ metadata, spec }: RegionObject): Promise<Engaged> {
    const { name } = metadata;
    const { clusters, hub, namespace } = this.#options;
    if (!spec.cluster) {
      await this.#leave(name);
      return { token: undefined, server: `https://${hub.host}` };
    }
    const key = { namespace, name: spec.cluster.kubeconfigSecretRef.name };
    const secret = await hub.get(secrets, key);
    const text = Buffer.from(secret?.data?.[KUBECONFIG_KEY] ?? "", "base64").toString();
    const where = `Secret ${namespace}/${key.name}`;
    if (text === "") {
      await this.#leave(name);
      return { missing: `${where} with key ${KUBECONFIG_KEY} is missing; create it.` };
    }
    const known = this.#known.get(name);
    if (known?.text === text && clusters.get(name))
      return { token: known.token, server: known.credentials.server };
    let credentials: Credentials;
    try {
      credentials = kubeconfigCredentials(text, { trusted: false });
    } catch (error) {
      return { missing: unusable(where, error) };
    }
    const token = tokenIn(text);
    await this.#use(name, text, token, credentials);
    return { token, server: credentials.server };
  }

  async #use(name: string, text: string, token: Token | undefined, credentials: Credentials): Promise<void> {
    const { clusters, client, logger } = this.#options;
    const { ca, cert } = await credentials.tls();
    const identity = JSON.stringify([credentials.server, ca, cert]);
    const known = this.#known.get(name);
    if (known?.identity === identity && clusters.get(name)) {
      known.credentials.replace(credentials);
      this.#known.set(name, { ...known, text, token });
      return;
    }
    const rotating = new RotatingCredentials(credentials);
    this.#known.set(name, { text, token, credentials: rotating, identity });
    logger.info({ region: name, server: credentials.server }, "region engaged");
    await clusters.engage(name, createClient(rotating, client));
  }

  async #leave(name: string): Promise<Engaged> {
    this.#known.delete(name);
    if (this.#options.clusters.get(name)) {
      this.#options.logger.info({ region: name }, "region let go");
      await this.#options.clusters.disengage(name);
    }
    return { missing: "the Region is gone" };
  }
}

/** What a Region says of a Secret whose kubeconfig is refused. */
export function unusable(where: string, error: unknown): string {
  const why = error instanceof Error ? error.message : String(error);
  return `${where} cannot be used: ${why} Replace it.`;
}
