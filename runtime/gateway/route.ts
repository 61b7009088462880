import type { Shard } from "../../crds/shard.ts";
import { BERLIN_GROUP_PATH } from "../service/berlin-group.ts";
import type { ConsentKind } from "../service/consent-snapshot.ts";
import {
  BERLIN_GROUP_OPERATIONS,
  OPERATIONS,
  type Operation,
  OWN_OPERATIONS,
  RECEIPT_OPERATIONS,
} from "./operations.ts";

/** Services behind the gateway that partners reach through it. */
export type UpstreamName = "consent" | "banking" | "events";

/** Who a token must speak for: the partner itself, or a customer under a consent. */
export type Grant = "client" | "consent";

/** OAuth scopes, and the role a partner needs for each. */
export const ROLE_OF = {
  accounts: "AISP",
  payments: "PISP",
  fundsconfirmations: "CBPII",
} as const satisfies Record<string, Shard["roles"][number]>;
export type Scope = keyof typeof ROLE_OF;

/** A media type of a request or an answer; `anything` for files. */
export type MediaType =
  | "application/json"
  | "application/json-patch+json"
  | "application/pkcs10"
  | "anything";

/** What may be done at an address. */
export interface Route {
  /** In logs and metrics: few, fixed words. */
  readonly name: string;
  readonly upstream: UpstreamName;
  readonly grant: Grant;
  /** One of them must be the token's. */
  readonly scopes: readonly Scope[];
  /** Kind of the consent it uses; undefined for addresses without one. */
  readonly kind: ConsentKind | undefined;
  /** At least one of them must be in the consent; empty when the consent has none. */
  readonly permissions: readonly string[];
  readonly takes: MediaType;
  readonly gives: MediaType;
}

/** What a method and a path lead to. */
export type RouteMatch =
  | { readonly found: true; readonly route: Route }
  | { readonly found: false; readonly why: "Unknown" | "Method"; readonly allowed?: readonly string[] };

/** Characters that need no escape in a path (RFC 3986 section 2.3): an id of ours has no others. */
const SEGMENT = /^[A-Za-z0-9._~-]{1,128}$/;
/** As many segments as the longest address has: `/aisp/accounts/{id}/statements/{id}/transactions`. */
const MOST_SEGMENTS = 6;

/** One step down the tree of addresses. */
interface Node {
  readonly fixed: Map<string, Node>;
  id: Node | undefined;
  readonly methods: Map<string, Route>;
}

const node = (): Node => ({ fixed: new Map(), id: undefined, methods: new Map() });
/** Where addresses begin, and what is below. */
const PLACES = [
  { base: "/open-banking/v4.0", tree: treeOf(OPERATIONS) },
  { base: "/events/v1", tree: treeOf(OWN_OPERATIONS) },
  { base: "/receipts/v1", tree: treeOf(RECEIPT_OPERATIONS, "receipts/") },
  { base: BERLIN_GROUP_PATH, tree: treeOf(BERLIN_GROUP_OPERATIONS, "berlin-group/") },
];

/** @param prefix of the routes' names, where they would be taken for others without. */
function treeOf(operations: readonly Operation[], prefix = ""): Node {
  const root = node();
  for (const { method, path, ...route } of operations) {
    let at = root;
    for (const segment of path.slice(1).split("/")) {
      const next = (segment === "{id}" ? at.id : at.fixed.get(segment)) ?? node();
      if (segment === "{id}") at.id = next;
      else at.fixed.set(segment, next);
      at = next;
    }
    at.methods.set(method, { name: prefix + path.slice(1), ...route });
  }
  return root;
}

/**
 * The route of a request.
 *
 * @param path without query.
 */
export function routeOf(method: string, path: string): RouteMatch {
  const place = PLACES.find(({ base }) => path.startsWith(`${base}/`));
  const methods = place && methodsAt(place.tree, path.slice(place.base.length + 1));
  if (methods === undefined || methods.size === 0) return { found: false, why: "Unknown" };
  const route = methods.get(method);
  return route === undefined
    ? { found: false, why: "Method", allowed: [...methods.keys()] }
    : { found: true, route };
}

function methodsAt(tree: Node, path: string): ReadonlyMap<string, Route> | undefined {
  let at: Node | undefined = tree;
  for (const segment of path.split("/", MOST_SEGMENTS + 1)) {
    if (!SEGMENT.test(segment) || segment === "." || segment === "..") return undefined;
    at = at.fixed.get(segment) ?? at.id;
    if (at === undefined) return undefined;
  }
  return at.methods;
}
