import type { Shard } from "../../crds/shard.ts";

/** Services behind the gateway that partners reach through it. */
export type UpstreamName = "consent" | "banking";

/** Who a token must speak for: the partner itself, or a customer under a consent. */
export type Grant = "client" | "consent";

/** An address partners may call. */
export interface Route {
  /** In logs and metrics: few, fixed words. */
  readonly name: string;
  readonly methods: readonly string[];
  readonly upstream: UpstreamName;
  readonly grant: Grant;
  readonly scope: string;
  readonly role: Shard["roles"][number];
  /** At least one of them must be in the consent; empty for addresses without a consent. */
  readonly permissions: readonly string[];
}

/** What a method and a path lead to. */
export type RouteMatch =
  | { readonly found: true; readonly route: Route }
  | { readonly found: false; readonly why: "Unknown" | "Method"; readonly allowed?: readonly string[] };

const AISP = "/open-banking/v4.0/aisp";
const ACCOUNTS = ["ReadAccountsBasic", "ReadAccountsDetail"];
const TRANSACTIONS = ["ReadTransactionsBasic", "ReadTransactionsDetail"];

const consents = {
  upstream: "consent",
  grant: "client",
  scope: "accounts",
  role: "AISP",
  permissions: [],
} as const;
const reading = {
  methods: ["GET"],
  upstream: "banking",
  grant: "consent",
  scope: "accounts",
  role: "AISP",
} as const;

/** `{id}` stands for one segment. Source: Open Banking UK 4.0, Account and Transaction API, endpoints. */
const TABLE: readonly (Route & { readonly path: string })[] = [
  { path: "/account-access-consents", name: "consents", methods: ["POST"], ...consents },
  { path: "/account-access-consents/{id}", name: "consent", methods: ["GET", "DELETE"], ...consents },
  { path: "/accounts", name: "accounts", permissions: ACCOUNTS, ...reading },
  { path: "/accounts/{id}", name: "account", permissions: ACCOUNTS, ...reading },
  { path: "/accounts/{id}/balances", name: "account-balances", permissions: ["ReadBalances"], ...reading },
  {
    path: "/accounts/{id}/transactions",
    name: "account-transactions",
    permissions: TRANSACTIONS,
    ...reading,
  },
  { path: "/balances", name: "balances", permissions: ["ReadBalances"], ...reading },
  { path: "/transactions", name: "transactions", permissions: TRANSACTIONS, ...reading },
];

/** Characters that need no escape in a path (RFC 3986 section 2.3): an id of ours has no others. */
const SEGMENT = /^[A-Za-z0-9._~-]{1,128}$/;

/** A tree over path segments would be quicker for hundreds of routes; for eight a map by shape is one look-up. */
const byShape = new Map(TABLE.map(({ path, ...route }) => [path, route]));

/**
 * The route of a request.
 *
 * @param path without query.
 */
export function routeOf(method: string, path: string): RouteMatch {
  const route = path.startsWith(`${AISP}/`) ? byShape.get(shapeOf(path.slice(AISP.length))) : undefined;
  if (route === undefined) return { found: false, why: "Unknown" };
  if (!route.methods.includes(method)) return { found: false, why: "Method", allowed: route.methods };
  return { found: true, route };
}

/** `/accounts/123/balances` → `/accounts/{id}/balances`. */
function shapeOf(path: string): string {
  const [, collection = "", id, ...rest] = path.split("/");
  if (id === undefined) return `/${collection}`;
  if (!SEGMENT.test(id) || id === "." || id === "..") return "";
  return [`/${collection}/{id}`, ...rest].join("/");
}
