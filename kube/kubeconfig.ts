import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";

import { parse, YAMLParseError } from "yaml";

import type { Credentials } from "./credentials.ts";
import { authProviderToken } from "./auth-provider.ts";
import type { ExecPlugin } from "./exec-plugin.ts";
import { execCredential } from "./exec-plugin.ts";
import type { FileContent } from "./file-content.ts";
import { fileContent } from "./file-content.ts";
import { pemFault, serverFault, tokenFault } from "./kubeconfig-fault.ts";

interface NamedCluster {
  readonly name: string;
  readonly cluster: {
    readonly server: string;
    readonly "certificate-authority"?: string;
    readonly "certificate-authority-data"?: string;
    readonly "insecure-skip-tls-verify"?: boolean;
    readonly "tls-server-name"?: string;
    readonly "proxy-url"?: string;
  };
}

interface NamedUser {
  readonly name: string;
  readonly user?: {
    readonly token?: string;
    readonly tokenFile?: string;
    readonly "client-certificate"?: string;
    readonly "client-certificate-data"?: string;
    readonly "client-key"?: string;
    readonly "client-key-data"?: string;
    readonly username?: string;
    readonly password?: string;
    readonly as?: string;
    readonly exec?: ExecPlugin;
    readonly "auth-provider"?: unknown;
  };
}

interface Kubeconfig {
  readonly "current-context"?: string;
  readonly clusters?: readonly NamedCluster[] | null;
  readonly users?: readonly NamedUser[] | null;
  readonly contexts?:
    | readonly {
        readonly name: string;
        readonly context: { readonly cluster: string; readonly user?: string; readonly namespace?: string };
      }[]
    | null;
}

/** Where a kubeconfig came from, which decides what it may make this process do. */
export type KubeconfigOrigin =
  /** The operator's own file: may name other files and programs. `dir` is what relative paths start from. */
  | { readonly trusted: true; readonly dir: string }
  /**
   * Text out of a Secret: whoever can write it must not be able to run programs or read files here, so only inline
   * data is accepted, and the server must be verified.
   */
  | { readonly trusted: false };

/**
 * The credentials in a kubeconfig.
 *
 * @param context which context; absent: the current one.
 * A credential goes over http to this machine only.
 *
 * @throws Error that names the missing, broken or refused part; never the values.
 */
export function kubeconfigCredentials(text: string, origin: KubeconfigOrigin, context?: string): Credentials {
  const config = parsed(text);
  const name = context ?? config["current-context"];
  const chosen = config.contexts?.find((each) => each.name === name)?.context;
  if (!chosen) throw new Error(`The kubeconfig has no context "${name ?? ""}".`);
  const cluster = config.clusters?.find((each) => each.name === chosen.cluster)?.cluster;
  if (!cluster) throw new Error(`The kubeconfig has no cluster "${chosen.cluster}".`);
  if (!cluster.server) throw new Error(`Cluster "${chosen.cluster}" of the kubeconfig has no server.`);
  const user = config.users?.find((each) => each.name === chosen.user)?.user ?? {};
  if (!origin.trusted) refuseActive(cluster, user);
  if (cluster["proxy-url"]) throw new Error("The kubeconfig asks for a proxy-url, which is not supported.");

  const sends = [user.token, user.tokenFile, user.username, user.exec, user["auth-provider"]].some(Boolean);
  const fault =
    serverFault(cluster.server, sends) ??
    tokenFault(user.token) ??
    pemFault({
      ca: inline(cluster["certificate-authority-data"]),
      cert: inline(user["client-certificate-data"]),
      key: inline(user["client-key-data"]),
    });
  if (fault) throw new Error(fault);

  const source = (data: string | undefined, path: string | undefined): FileContent | undefined => {
    const decoded = inline(data);
    if (decoded !== undefined) return async () => decoded;
    if (!path || !origin.trusted) return undefined;
    return fileContent(isAbsolute(path) ? path : join(origin.dir, path));
  };
  const ca = source(cluster["certificate-authority-data"], cluster["certificate-authority"]);
  const cert = source(user["client-certificate-data"], user["client-certificate"]);
  const key = source(user["client-key-data"], user["client-key"]);
  const token = user.tokenFile ? source(undefined, user.tokenFile) : undefined;
  const exec = user.exec ? execCredential(user.exec) : undefined;
  const provider = user["auth-provider"] ? authProviderToken(text, name ?? "") : undefined;

  return {
    server: cluster.server,
    namespace: chosen.namespace,
    async tls() {
      const plugin = await exec?.current();
      return {
        ca: await ca?.(),
        cert: plugin?.clientCertificateData ?? (await cert?.()),
        key: plugin?.clientKeyData ?? (await key?.()),
        serverName: cluster["tls-server-name"],
        insecureSkipTlsVerify: cluster["insecure-skip-tls-verify"],
      };
    },
    async headers() {
      const headers: Record<string, string> = {};
      const bearer =
        (await token?.()) ?? user.token ?? (await exec?.current())?.token ?? (await provider?.());
      if (bearer) headers["authorization"] = `Bearer ${bearer.trim()}`;
      else if (user.username) {
        const basic = Buffer.from(`${user.username}:${user.password ?? ""}`).toString("base64");
        headers["authorization"] = `Basic ${basic}`;
      }
      if (user.as) headers["impersonate-user"] = user.as;
      return headers;
    },
    rejected: () => exec?.forget(),
  };
}

/** The credentials in a kubeconfig file of this machine. Files it names are read again when they change. */
export async function kubeconfigFileCredentials(path: string, context?: string): Promise<Credentials> {
  return kubeconfigCredentials(await readFile(path, "utf8"), { trusted: true, dir: dirname(path) }, context);
}

/** What is written in the kubeconfig itself; empty text is nothing. */
function inline(data: string | undefined): string | undefined {
  return data ? Buffer.from(data, "base64").toString() : undefined;
}

/** What a parser says of a text quotes it, and here most of that is secret. */
function parsed(text: string): Kubeconfig {
  let config: Kubeconfig;
  try {
    config = (parse(text, { prettyErrors: false }) ?? {}) as Kubeconfig;
  } catch (error) {
    const code = error instanceof YAMLParseError ? ` (${error.code})` : "";
    throw new Error(`The kubeconfig is not YAML${code}.`);
  }
  for (const part of ["contexts", "clusters", "users"] as const)
    if (!Array.isArray(config[part] ?? [])) throw new Error(`The kubeconfig's ${part} are no list.`);
  return config;
}

function refuseActive(cluster: NamedCluster["cluster"], user: NonNullable<NamedUser["user"]>): void {
  const refused = [
    user.exec && "exec",
    user["auth-provider"] && "auth-provider",
    user.tokenFile && "tokenFile",
    user["client-certificate"] && "client-certificate",
    user["client-key"] && "client-key",
    cluster["certificate-authority"] && "certificate-authority",
    cluster["insecure-skip-tls-verify"] && "insecure-skip-tls-verify",
  ].filter(Boolean);
  if (refused.length > 0) {
    throw new Error(
      `A kubeconfig out of a Secret may hold inline data only; remove ${refused.join(", ")} ` +
        "(use certificate-authority-data, client-certificate-data, client-key-data or token).",
    );
  }
}
