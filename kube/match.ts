import { canonicalJson } from "./canonical.ts";
import type { KubeObject } from "./object.ts";
import { sameQuantity } from "./quantity.ts";

/** A field that is not as wanted. */
export interface Difference {
  /** `spec.template.spec.containers[name=app].image`. */
  readonly path: string;
  /** What is there instead, as canonical JSON; undefined: nothing. */
  readonly live: string | undefined;
}

/** The keys of list entries, by field name; `undefined` entries never match by key. */
type ListKeys = Readonly<Record<string, readonly string[]>>;

/** Lists that built-in kinds merge by key (x-kubernetes-list-type: map). All others are replaced as a whole. */
const LIST_KEYS: ListKeys = {
  containers: ["name"],
  initContainers: ["name"],
  ephemeralContainers: ["name"],
  env: ["name"],
  volumes: ["name"],
  volumeMounts: ["mountPath"],
  volumeDevices: ["devicePath"],
  imagePullSecrets: ["name"],
  secrets: ["name"],
  hostAliases: ["ip"],
  topologySpreadConstraints: ["topologyKey", "whenUnsatisfiable"],
  schedulingGates: ["name"],
  matchConditions: ["name"],
  webhooks: ["name"],
  conditions: ["type"],
  ownerReferences: ["uid"],
};

/** Fields whose string values are quantities: "1000m" is "1". */
const QUANTITIES = new Set([
  "requests",
  "limits",
  "hard",
  "capacity",
  "default",
  "defaultRequest",
  "max",
  "min",
]);
const QUANTITY_FIELDS = new Set(["averageValue", "sizeLimit"]);

/** What the server keeps to itself; never part of what is wanted. */
const SERVER_FIELDS = new Set([
  "name",
  "namespace",
  "uid",
  "resourceVersion",
  "managedFields",
  "creationTimestamp",
  "generation",
]);

/**
 * The fields in which a live object differs from what is wanted of it.
 *
 * Only fields that `wanted` sets count: defaults of the server and fields of others are no difference. A field that
 * was wanted once and is no longer is not seen here; that is what the fingerprint annotation is for.
 */
export function differences(
  wanted: KubeObject,
  live: KubeObject,
  listKeys: ListKeys = {},
): readonly Difference[] {
  const found: Difference[] = [];
  const keys = { ...LIST_KEYS, ...listKeys };
  for (const [field, value] of Object.entries(wanted)) {
    if (field === "apiVersion" || field === "kind" || field === "status") continue;
    const there = (live as unknown as Record<string, unknown>)[field];
    if (field === "metadata") compareMetadata(value as Members, there as Members, keys, found);
    else compare(value, there, { path: field, field, parent: "", kind: wanted.kind, keys, found });
  }
  return found;
}

type Members = Readonly<Record<string, unknown>>;

interface Place {
  readonly path: string;
  readonly field: string;
  readonly parent: string;
  readonly kind: string;
  readonly keys: ListKeys;
  readonly found: Difference[];
}

function compareMetadata(wanted: Members, live: Members, keys: ListKeys, found: Difference[]): void {
  for (const [field, value] of Object.entries(wanted)) {
    if (SERVER_FIELDS.has(field)) continue;
    const place = { path: `metadata.${field}`, field, parent: "metadata", kind: "", keys, found };
    if (field === "finalizers") {
      const there = (live[field] ?? []) as readonly string[];
      const missing = ((value ?? []) as readonly string[]).filter((name) => !there.includes(name));
      if (missing.length > 0) found.push({ path: place.path, live: canonicalJson(there) });
    } else compare(value, ownMember(live, field), place);
  }
}

function compare(wanted: unknown, live: unknown, place: Place): void {
  if (wanted === undefined || isEmpty(wanted)) {
    // An empty list or map may be stored as absent, but what is in it by now was not wanted.
    if (wanted !== undefined && wanted !== null && Array.isArray(live) && live.length > 0)
      differ(live, place);
    return;
  }
  if (Array.isArray(wanted)) compareLists(wanted, live, place);
  else if (typeof wanted === "object") compareMembers(wanted as Members, live, place);
  else if (wanted !== live && !sameValue(wanted, live, place)) differ(live, place);
}

function compareMembers(wanted: Members, live: unknown, place: Place): void {
  if (typeof live !== "object" || live === null || Array.isArray(live)) return differ(live, place);
  for (const [field, value] of Object.entries(wanted)) {
    const there = ownMember(live as Members, field);
    compare(value, there, { ...place, path: `${place.path}.${field}`, field, parent: place.field });
  }
}

function compareLists(wanted: readonly unknown[], live: unknown, place: Place): void {
  if (!Array.isArray(live)) return differ(live, place);
  const keys = keysOf(wanted, place);
  if (!keys) {
    if (live.length !== wanted.length) return differ(live, place);
    for (const [index, item] of wanted.entries()) {
      compare(item, live[index], { ...place, path: `${place.path}[${index}]` });
    }
    return;
  }
  for (const item of wanted as readonly Members[]) {
    const named = keys.map((key) => `${key}=${keyValue(item, key)}`).join(",");
    const there = (live as readonly Members[]).find((each) =>
      keys.every((key) => keyValue(each, key) === keyValue(item, key)),
    );
    compareMembers(item, there, { ...place, path: `${place.path}[${named}]` });
  }
}

/** A member that is the object's own: users name fields, and `constructor` or `__proto__` would find the prototype's. */
function ownMember<T>(members: Readonly<Record<string, T>>, field: string): T | undefined {
  return Object.hasOwn(members, field) ? members[field] : undefined;
}

/** Ports are merged by number in containers and Services, and as a whole everywhere else. */
function keysOf(
  wanted: readonly unknown[],
  { field, parent, kind, keys }: Place,
): readonly string[] | undefined {
  if (field === "ports") {
    if (parent === "containers" || parent === "initContainers") return ["containerPort", "protocol"];
    return kind === "Service" && parent === "spec" ? ["port", "protocol"] : undefined;
  }
  if (wanted.some((item) => typeof item !== "object" || item === null)) return undefined;
  return ownMember(keys, field);
}

function keyValue(item: Members, key: string): string {
  const value = item[key] ?? (key === "protocol" ? "TCP" : "");
  return typeof value === "string" ? value : JSON.stringify(value);
}

function sameValue(wanted: unknown, live: unknown, { field, parent }: Place): boolean {
  const isQuantity = QUANTITIES.has(parent) || QUANTITY_FIELDS.has(field);
  return isQuantity && sameQuantity(String(wanted), String(live));
}

function isEmpty(value: unknown): boolean {
  return value === null || (typeof value === "object" && Object.keys(value).length === 0);
}

function differ(live: unknown, { path, found }: Place): void {
  found.push({ path, live: live === undefined ? undefined : canonicalJson(live) });
}
