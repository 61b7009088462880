import { PAYLOAD_KEY, SHARD_LABEL } from "../crds/shard.ts";
import { canonicalJson } from "../kube/canonical.ts";
import type { KubeObject } from "../kube/object.ts";
import {
  type CertificateSigningRequest,
  certificateSigningRequests,
  type ConfigMap,
} from "../kube/resources.ts";
import { stageOf } from "../operator/csr/condition.ts";
import { anonymous, type Corner } from "./corner.ts";
import { type Event, placeText } from "./historian.ts";

/** What differs from one undisturbed run to the next: times, versions, keys and what follows from them. */
const VOLATILE = new Set([
  "uid",
  "resourceVersion",
  "generation",
  "observedGeneration",
  "creationTimestamp",
  "managedFields",
  "selfLink",
  "lastTransitionTime",
  "lastUpdateTime",
  // What went wrong on the way may be told; what is so at the end may not differ.
  "history",
  "openbanking.wekeza.io/owner-uid",
  "openbanking.wekeza.io/applied",
  "version",
  "shardVersion",
  "minimumVersion",
  "issuedAt",
  "signature",
  "pem",
  "certificate",
  "serial",
  "thumbprint",
  "thumbprints",
  "revoked",
  "revokedThumbprints",
  "notBefore",
  "notAfter",
  "renewAt",
  "csr",
  "request",
  "x",
  "y",
  "clusterIP",
  "clusterIPs",
  "nodePort",
  "server",
  "tokenExpires",
  "startTime",
  "completionTime",
  "lastProbeTime",
  "batch.kubernetes.io/controller-uid",
  "controller-uid",
  "openbanking.wekeza.io/config-checksum",
  // Written when an account came after its workload, as it does when only accounts could not be written for a while.
  "openbanking.wekeza.io/account-uid",
]);

/** Everything that is there, by place, in a text that two runs of the same scenario share. */
export type Snapshot = ReadonlyMap<string, string>;

/** Takes snapshots of one corner; what has not changed since the last one costs nothing. */
export function snapshotsOf(corner: Corner): (live: ReadonlyMap<string, KubeObject>) => Snapshot {
  const known = new WeakMap<KubeObject, readonly [place: string, text: string]>();
  const entryOf = (object: KubeObject): readonly [string, string] => {
    const place = anonymous(placeText(object), corner);
    return [place, anonymous(canonicalJson(steady(object)), corner)];
  };
  return (live) => {
    const entries = [...live.values()].filter(stays).map((object) => {
      const entry = known.get(object) ?? entryOf(object);
      known.set(object, entry);
      return entry;
    });
    return new Map(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  };
}

/** An issued request is deleted by the API server after an hour, wanted or not. */
function stays(object: KubeObject): boolean {
  return (
    object.kind !== certificateSigningRequests.kind ||
    stageOf(object as CertificateSigningRequest) !== "issued"
  );
}

/** Where two snapshots differ, for people; none when they are the same. */
export function differencesOf(wanted: Snapshot, found: Snapshot): readonly string[] {
  const places = new Set([...wanted.keys(), ...found.keys()]);
  return [...places].flatMap((place) => {
    const [want, have] = [wanted.get(place), found.get(place)];
    if (want === have) return [];
    if (have === undefined) return [`${place} is missing`];
    if (want === undefined) return [`${place} should not be there`];
    let at = 0;
    while (want[at] === have[at]) at++;
    const near = (text: string): string => text.slice(Math.max(0, at - 40), at + 60);
    return [`${place} differs: …${near(have)}… instead of …${near(want)}…`];
  });
}

/** How often each thing was created and deleted, by place. */
export function countsOf(events: readonly Event[], corner: Corner): ReadonlyMap<string, string> {
  const counts = new Map<string, { created: number; deleted: number }>();
  for (const { type, object } of events) {
    if (type === "updated") continue;
    const place = anonymous(placeText(object), corner);
    const count = counts.get(place) ?? { created: 0, deleted: 0 };
    if (type === "added") count.created++;
    else count.deleted++;
    counts.set(place, count);
  }
  const texts = [...counts].map(([place, { created, deleted }]): [string, string] => [
    place,
    `created ${created}, deleted ${deleted}`,
  ]);
  return new Map(texts.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function steady(object: KubeObject): unknown {
  const payload = object.metadata.labels?.[SHARD_LABEL] && (object as ConfigMap).data?.[PAYLOAD_KEY];
  if (!payload) return without(object);
  return without({ ...object, data: JSON.parse(payload) as unknown });
}

function without(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(without);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key, inner]) => !VOLATILE.has(key) && inner !== undefined);
  return Object.fromEntries(entries.map(([key, inner]) => [key, without(inner)]));
}
