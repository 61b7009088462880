import { Cache } from "../../kube/cache.ts";
import type { Client } from "../../kube/client.ts";
import type { Cluster } from "../../kube/cluster.ts";
import type { Logger } from "../../kube/logger.ts";
import { Reflector } from "../../kube/reflector.ts";
import { secrets } from "../../kube/resources.ts";

export interface SecretWatchOptions {
  /** The Secret's name, the same in every namespace. */
  readonly name: string;
  /** The Secret of that owner is there, changed or gone. */
  readonly onChange: (owner: string) => void;
  readonly logger: Logger;
}

interface OneWatch {
  readonly client: Client;
  readonly reflector: Reflector<never>;
}

/**
 * Watches one Secret by its name in each of several namespaces, and no other: the operator may not list Secrets.
 *
 * Only metadata travels.
 */
export class SecretWatch {
  readonly #options: SecretWatchOptions;
  readonly #watches = new Map<string, OneWatch>();

  constructor(options: SecretWatchOptions) {
    this.#options = options;
  }

  /** From now on changes of the owner's Secret are told. Safe to repeat; another engagement gets another watch. */
  watch(owner: string, { client }: Cluster, namespace: string): void {
    if (this.#watches.get(owner)?.client === client) return;
    this.forget(owner);
    const { name, onChange, logger } = this.#options;
    const cache = new Cache({ resource: secrets });
    cache.subscribe(() => onChange(owner));
    const fieldSelector = `metadata.name=${name}`;
    const reflector = new Reflector({ client, cache, namespace, fieldSelector, metadataOnly: true, logger });
    reflector.start();
    this.#watches.set(owner, { client, reflector: reflector as unknown as Reflector<never> });
  }

  /** Tells nothing of that owner any more. */
  forget(owner: string): void {
    const former = this.#watches.get(owner);
    this.#watches.delete(owner);
    void former?.reflector.stop();
  }

  async stop(): Promise<void> {
    const all = [...this.#watches.values()];
    this.#watches.clear();
    await Promise.all(all.map(({ reflector }) => reflector.stop()));
  }
}
