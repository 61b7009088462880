import { parse, stringify } from "yaml";
import type { Token } from "./world.ts";

interface Kubeconfig {
  readonly "current-context"?: string;
  readonly contexts?: readonly { readonly name: string; readonly context: { readonly user?: string } }[];
  readonly users?: readonly { readonly name: string; readonly user?: { readonly token?: string } }[];
}

/** The claims of a ServiceAccount token that matter here (RFC 7519 section 4.1). */
interface Claims {
  readonly sub?: string;
  readonly iat?: number;
  readonly exp?: number;
}

/** The ServiceAccount token in a kubeconfig's current context; undefined where it holds something else. */
export function tokenIn(kubeconfig: string): Token | undefined {
  const config = parse(kubeconfig) as Kubeconfig | null;
  const text = config?.users?.find(({ name }) => name === userOf(config))?.user?.token;
  const claims = text === undefined ? undefined : claimsOf(text);
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(claims?.sub ?? "") ?? [];
  if (!claims?.iat || !claims.exp || namespace === undefined || name === undefined) return undefined;
  return {
    account: { namespace, name },
    issued: new Date(claims.iat * 1000),
    expires: new Date(claims.exp * 1000),
  };
}

/** The same kubeconfig with another token for the user of its current context. */
export function withToken(kubeconfig: string, token: string): string {
  const config = (parse(kubeconfig) ?? {}) as Kubeconfig;
  const chosen = userOf(config);
  const users = (config.users ?? []).map((each) =>
    each.name === chosen ? { ...each, user: { ...each.user, token } } : each,
  );
  return stringify({ ...config, users });
}

function userOf(config: Kubeconfig): string | undefined {
  const context = config.contexts?.find(({ name }) => name === config["current-context"]);
  return context?.context.user;
}

function claimsOf(token: string): Claims | undefined {
  try {
    return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Claims;
  } catch {
    return undefined;
  }
}
