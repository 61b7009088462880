import { consentPolicies, failoverGroups, partners, regions } from "../crds/resources.ts";
import type { Client } from "../kube/client.ts";
import { Clusters } from "../kube/clusters.ts";
import { compareVersions, type KubeObject, keyOf, keyText, type Resource } from "../kube/object.ts";
import { HOME } from "../kube/plan.ts";
import {
  certificateSigningRequests,
  clusterRoleBindings,
  configMaps,
  deployments,
  horizontalPodAutoscalers,
  jobs,
  namespaces,
  networkPolicies,
  podDisruptionBudgets,
  roleBindings,
  serviceAccounts,
  services,
  statefulSets,
} from "../kube/resources.ts";
import { tokenOf } from "./corner.ts";

/** Something that happened on the server. */
export interface Event {
  readonly type: "added" | "updated" | "removed";
  readonly object: KubeObject;
}

/** What happened in one corner, seen past all faults. */
export interface History {
  /** In the order of the server's versions. */
  events(): readonly Event[];
  /** What is there now, by kind and key: `Partner partners-t1/acme`. */
  readonly live: ReadonlyMap<string, KubeObject>;
  /** When something happened last, on the monotonic clock, in ms. */
  readonly latest: number;
  /** Calls back at everything that happens. */
  onEvent(listener: (event: Event) => void): void;
}

interface Recording {
  /** With the version of the server that each belongs to. */
  readonly events: { readonly event: Event; readonly version: string | undefined }[];
  /** The newest version so far. */
  version: string | undefined;
  readonly live: Map<string, KubeObject>;
  readonly listeners: ((event: Event) => void)[];
  latest: number;
}

const RECORDED: readonly Resource[] = [
  partners,
  consentPolicies,
  regions,
  failoverGroups,
  certificateSigningRequests,
  configMaps,
  namespaces,
  services,
  serviceAccounts,
  deployments,
  statefulSets,
  jobs,
  horizontalPodAutoscalers,
  podDisruptionBudgets,
  networkPolicies,
  roleBindings,
  clusterRoleBindings,
] as never;

/** Watches a whole API server by one undisturbed client and sorts what happens by corner. */
export class Historian {
  readonly #clusters = new Clusters({ probeMs: 60_000 });
  readonly #recordings = new Map<string, Recording>();

  /** Begins to watch; the client is closed at the end. */
  async start(client: Client): Promise<void> {
    for (const resource of RECORDED) this.#clusters.watch({ resource });
    this.#clusters.subscribe(({ change: { type, object } }) => this.#take({ type, object }));
    const cluster = await this.#clusters.engage(HOME, client);
    await cluster.whenSynced;
  }

  /** The history of a corner from now on. */
  open(token: string): History {
    const recording: Recording = {
      events: [],
      version: undefined,
      live: new Map(),
      listeners: [],
      latest: performance.now(),
    };
    this.#recordings.set(token, recording);
    return {
      events: () =>
        recording.events.toSorted((a, b) => compareVersions(a.version, b.version)).map(({ event }) => event),
      live: recording.live,
      get latest() {
        return recording.latest;
      },
      onEvent: (listener) => recording.listeners.push(listener),
    };
  }

  /** Forgets a corner. */
  close(token: string): void {
    this.#recordings.delete(token);
  }

  async stop(): Promise<void> {
    await this.#clusters.stop();
  }

  #take(event: Event): void {
    const { object } = event;
    const recording = this.#recordings.get(tokenOf(object.metadata) ?? "");
    if (!recording) return;
    const { resourceVersion } = object.metadata;
    if (compareVersions(resourceVersion, recording.version) > 0) recording.version = resourceVersion;
    // What is gone is told with the version it had last, long before its end.
    const version = event.type === "removed" ? recording.version : resourceVersion;
    recording.events.push({ event, version });
    recording.latest = performance.now();
    const key = placeText(object);
    if (event.type === "removed") recording.live.delete(key);
    else recording.live.set(key, object);
    for (const listener of recording.listeners) listener(event);
  }
}

/** Kind and key of an object in one text. */
export function placeText(object: KubeObject): string {
  return `${object.kind} ${keyText(keyOf(object))}`;
}
