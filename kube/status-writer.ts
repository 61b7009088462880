import type { Client } from "./client.ts";
import type { OthersStatus } from "./driven-status.ts";
import { completedStatus, statusDiffers, statusOf } from "./driven-status.ts";
import type { Failure } from "./failure.ts";
import type { KubeObject, Resource } from "./object.ts";
import type { DrivenStatus, InventoryEntry, PlannedStatus } from "./plan.ts";
import type { Restraint } from "./restraint.ts";

export interface StatusWriterOptions {
  readonly client: Client;
  readonly resource: Resource<KubeObject>;
  readonly fieldManager: string;
  readonly restraint: Restraint;
  readonly now: Date;
  readonly others?: OthersStatus | undefined;
  /** Called after a write with the server's answer and the status before. */
  readonly onWritten: (answer: KubeObject, before: DrivenStatus) => void;
}

/** Writes one resource's status during one reconcile, when it says something new. */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  #latest: KubeObject | undefined;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /** The resource as the server answered last. */
  latest<Owner extends KubeObject>(owner: Owner): Owner {
    return (this.#latest as Owner | undefined) ?? owner;
  }

  /** @returns the number of requests sent, 0 or 1. */
  async write(
    owner: KubeObject,
    planned: PlannedStatus | undefined,
    inventory: readonly InventoryEntry[],
    pending: readonly string[],
    failures: readonly Failure[],
  ): Promise<0 | 1> {
    const { client, resource, fieldManager, restraint, now, others, onWritten } = this.#options;
    const status = completedStatus(owner, planned, inventory, { pending, failures, restraint }, now);
    if (!statusDiffers(owner, status, others)) return 0;
    const { apiVersion, kind, metadata } = owner;
    const { name, namespace, uid } = metadata;
    const body = { apiVersion, kind, metadata: { name, namespace, uid }, status };
    this.#latest = await client.applyStatus(resource, body, { fieldManager, force: true });
    onWritten(this.#latest, statusOf(owner));
    return 1;
  }
}
