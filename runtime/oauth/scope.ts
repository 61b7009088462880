import type { Shard } from "../../crds/shard.ts";
import type { ConsentKind } from "../service/consent-snapshot.ts";

/** Scopes of the API, by the regulated role that may ask for them. */
const SCOPES = { AISP: "accounts", PISP: "payments", CBPII: "fundsconfirmations" } as const satisfies Record<
  Shard["roles"][number],
  string
>;
export type ApiScope = (typeof SCOPES)[Shard["roles"][number]];

/** Scopes of the API that any role gives. */
export const API_SCOPES: readonly ApiScope[] = Object.values(SCOPES);

/** Scopes of the API a partner may ask for. */
export function scopesOf({ roles }: Pick<Shard, "roles">): readonly ApiScope[] {
  return roles.map((role) => SCOPES[role]);
}

/** The scope that a consent of a kind gives. */
export function scopeOf(kind: ConsentKind): ApiScope {
  if (kind === "account-access") return "accounts";
  return kind === "funds-confirmation" ? "fundsconfirmations" : "payments";
}

/** The one scope of the API in a `scope` parameter, or undefined when it names none or several. */
export function apiScopeIn(scope: unknown): ApiScope | undefined {
  const words = typeof scope === "string" ? scope.split(" ") : [];
  const found = API_SCOPES.filter((name) => words.includes(name));
  return found.length === 1 ? found[0] : undefined;
}
