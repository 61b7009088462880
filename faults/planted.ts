import { once } from "node:events";
import { partners } from "../crds/resources.ts";
import type { Client } from "../kube/client.ts";
import { isConflict, isTransient, KubeError } from "../kube/error.ts";
import { keyOf, type KubeObject } from "../kube/object.ts";
import { type DrivenStatus, HOME, TerminalError } from "../kube/plan.ts";
import { certificateSigningRequests, configMaps } from "../kube/resources.ts";
import { MARKS } from "../operator/marks.ts";
import { requestCertificate } from "../operator/partner/request.ts";
import type { AnyController, Variant } from "./subject.ts";

/** A mistake of the kind that operators are known to make. Undisturbed, nobody notices it. */
export interface Planted {
  readonly name: string;
  /** A new one for each run. */
  readonly variant: () => Variant;
  /** Fault class and write that show it soonest. */
  readonly shownBy: { readonly fault: string; readonly at: RegExp };
}

type Act = AnyController["act"];

const acting = (change: (act: Act, home: () => Client) => Act): Variant => ({
  partner: (controller, clusters) => {
    const home = (): Client => {
      const client = clusters.get(HOME)?.client;
      if (!client) throw new Error("The hub is not engaged.");
      return client;
    };
    return { ...controller, act: change((action, owner) => controller.act(action, owner), home) };
  },
});

const isShard = ({ metadata }: KubeObject): boolean => metadata.name.startsWith("shard-");

/** The mistakes that the harness must catch. */
export const PLANTED: readonly Planted[] = [
  {
    name: "cleans up when it sees a deletion begin, not while one is on",
    variant: () => {
      const { partner } = acting((act) => async (action, owner) => {
        if (action.do !== "withdrawRequest") await act(action, owner);
      });
      return {
        ...(partner ? { partner } : {}),
        started: (clusters) =>
          clusters.subscribe(({ resource, change }) => {
            const { object, previous } = change;
            const begins = object.metadata.deletionTimestamp && !previous?.metadata.deletionTimestamp;
            if (resource.kind !== partners.kind || !begins) return;
            const home = clusters.get(HOME);
            const owned = home?.cache(certificateSigningRequests)?.list() ?? [];
            for (const { metadata } of owned)
              void home?.client.delete(certificateSigningRequests, metadata).catch(() => {});
          }),
      };
    },
    shownBy: { fault: "crash before", at: /DELETE .*certificatesigningrequests/ },
  },
  {
    name: "writes down what it makes only afterwards",
    variant: () => ({
      client: (client) => ({
        ...client,
        applyStatus: (resource, object, options) => {
          const { inventory = [], ...status } = (object as { status?: DrivenStatus }).status ?? {
            conditions: [],
          };
          const made = inventory.filter(({ uid }) => uid !== undefined);
          return client.applyStatus(resource, { ...object, status: { ...status, inventory: made } }, options);
        },
      }),
    }),
    shownBy: { fault: "crash after, changed while down", at: /region PATCH .*shard-ptn/ },
  },
  {
    name: "sends the same again after a conflict, without looking",
    variant: () => {
      const conflicts = new Map<string, unknown>();
      return {
        client: (client) => ({
          ...client,
          async patch(resource, key, patch, options) {
            const name = `${resource.plural} ${key.name}`;
            if (conflicts.has(name)) throw conflicts.get(name);
            try {
              return await client.patch(resource, key, patch, options);
            } catch (error) {
              if (isConflict(error)) conflicts.set(name, error);
              throw error;
            }
          },
        }),
      };
    },
    shownBy: { fault: "409", at: /PATCH .*partners\/acme$/ },
  },
  {
    name: "counts as done what it has sent",
    variant: () => {
      const sent = new Set<string>();
      return acting((act) => async (action, owner) => {
        const name = `${action.do} ${action.request} ${owner.metadata.uid}`;
        if (sent.has(name)) return;
        sent.add(name);
        await act(action, owner);
      });
    },
    shownBy: { fault: "reset", at: /POST .*certificatesigningrequests/ },
  },
  {
    name: "takes another name when an answer is lost",
    variant: () =>
      acting((act, home) => async (action, owner) => {
        try {
          await act(action, owner);
        } catch (error) {
          if (action.do !== "requestCertificate") throw error;
          await requestCertificate(home(), { ...action, request: `${action.request}-2` }, owner, MARKS);
        }
      }),
    shownBy: { fault: "answer lost", at: /POST .*certificatesigningrequests/ },
  },
  {
    name: "logs an error and goes on as if there had been none",
    variant: () => ({
      client: (client) => ({
        ...client,
        apply: (resource, object, options) =>
          client.apply(resource, object, options).catch((error: unknown) => {
            if (isShard(object) && isTransient(error))
              return {
                object: {
                  ...object,
                  metadata: { ...object.metadata, uid: "1", resourceVersion: "9".repeat(12) },
                },
                created: true,
              };
            throw error;
          }),
      }),
    }),
    shownBy: { fault: "server down 1 s", at: /PATCH .*shard-ptn/ },
  },
  {
    name: "takes a new picture for the old one",
    variant: () => ({
      started(clusters) {
        const cache = clusters.get(HOME)?.cache(partners);
        if (!cache) throw new Error("Partners are not watched.");
        const replace = cache.replace.bind(cache);
        let known = false;
        // A stale cache: what changed while the watch was away is never told.
        cache.replace = (items, version, restarted) => {
          if (!known) replace(items, version, restarted);
          known = true;
        };
      },
    }),
    shownBy: { fault: "410 storm", at: /hub PATCH .*roster/ },
  },
  {
    name: "knows only by heart what it has made",
    variant: () => {
      const told = new Set<string>();
      return acting((act, home) => async (action, owner) => {
        await act(action, owner);
        const { namespace = "", name, uid = "" } = owner.metadata;
        if (action.do !== "requestCertificate" || told.has(uid)) return;
        told.add(uid);
        const note = {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { namespace, name: `${name}-told` },
        } as const;
        await home().delete(configMaps, note.metadata);
        const labels = { "app.kubernetes.io/managed-by": MARKS.managedBy };
        await home().create(configMaps, { ...note, metadata: { ...note.metadata, labels } });
      });
    },
    shownBy: { fault: "crash after", at: /csr PUT .*ptn-primary\/status/ },
  },
  {
    name: "deletes and makes anew what it may not change",
    variant: () => ({
      client: (client) => ({
        ...client,
        apply: (resource, object, options) =>
          client.apply(resource, object, options).catch(async (error: unknown) => {
            if (!isConflict(error) || !isShard(object)) throw error;
            await client.delete(resource, keyOf(object));
            const { uid: _, ...metadata } = object.metadata;
            return client.apply(resource, { ...object, metadata }, options);
          }),
      }),
    }),
    shownBy: { fault: "409", at: /PATCH .*shard-ptn/ },
  },
  {
    name: "takes a missing right for final",
    variant: () => ({
      client: (client) => ({
        ...client,
        apply: (resource, object, options) =>
          client.apply(resource, object, options).catch((error: unknown) => {
            if (!(error instanceof KubeError) || error.status !== 403) throw error;
            throw new TerminalError("Forbidden", error.message);
          }),
      }),
    }),
    shownBy: { fault: "right revoked 1 s", at: /PATCH .*shard-ptn/ },
  },
  {
    name: "never opens a broken watch again",
    variant: () => ({
      client: (client) => ({
        ...client,
        watch: (resource, options) => silentOnceBroken(client.watch(resource, options), options?.signal),
      }),
    }),
    shownBy: { fault: "410 storm", at: /hub PATCH .*roster/ },
  },
];

/** What a program sees of a watch that it does not open again: nothing, for ever. */
async function* silentOnceBroken<T>(
  events: AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T> {
  try {
    yield* events;
  } catch {
    if (signal && !signal.aborted) await once(signal, "abort");
  }
}
