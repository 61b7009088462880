import type { Client } from "../../kube/client.ts";
import { isExpired, isTransient } from "../../kube/error.ts";
import { keyText, type KubeObject, type ObjectKey, type Resource } from "../../kube/object.ts";

export interface AwaitOptions<T> {
  /** Milliseconds. */
  readonly timeout: number;
  /** Undefined means "not yet"; a throw ends the waiting. */
  readonly until: (object: T | undefined) => boolean;
  /** What is known so far, for the error: the last condition, for example. */
  readonly describe?: (object: T | undefined) => string;
}

/**
 * Waits until an object is as wanted, by a watch: returns at the change itself, without asking again and again.
 *
 * @returns the object as it was then, or undefined when its absence was wanted.
 * @throws Error that names the object and what it lacked, after `timeout`.
 */
export async function awaitObject<T extends KubeObject>(
  client: Client,
  resource: Resource<T>,
  key: ObjectKey,
  { timeout, until, describe = () => "" }: AwaitOptions<T>,
): Promise<T | undefined> {
  const signal = AbortSignal.timeout(timeout);
  const fieldSelector = `metadata.name=${key.name}`;
  let seen: T | undefined;
  while (!signal.aborted) {
    try {
      const list = await client.list(resource, { namespace: key.namespace, fieldSelector, signal });
      seen = list.items[0];
      if (until(seen)) return seen;
      const { resourceVersion } = list;
      for await (const event of client.watch(resource, {
        namespace: key.namespace,
        fieldSelector,
        resourceVersion,
        signal,
      })) {
        if (event.type === "BOOKMARK") continue;
        seen = event.type === "DELETED" ? undefined : event.object;
        if (until(seen)) return seen;
      }
    } catch (error) {
      if (signal.aborted) break;
      if (!isExpired(error) && !isTransient(error)) throw error;
    }
  }
  const last = describe(seen);
  const name = `${resource.kind} ${keyText(key)}`;
  throw new Error(
    `waited ${Math.round(timeout / 1000)} s for ${name}${seen === undefined ? ", which does not exist" : ""}${last === "" ? "" : `: ${last}`}`,
  );
}
