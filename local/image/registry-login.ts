import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** A name and password for a registry. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

/** What the Docker client's configuration says about a registry. */
export interface KeptLogin {
  /** The file that was looked into. */
  readonly file: string;
  readonly login?: Login;
  /** Program that holds the login instead of the file; it is not asked. */
  readonly helper?: string;
}

interface DockerConfiguration {
  readonly auths?: Readonly<
    Record<string, { readonly auth?: string; readonly username?: string; readonly password?: string }>
  >;
  readonly credHelpers?: Readonly<Record<string, string>>;
  readonly credsStore?: string;
}

/**
 * The login that `docker login` left for a registry in `~/.docker/config.json` (DOCKER_CONFIG respected).
 *
 * @param host as "registry.example:5000".
 * @throws Error when the file is there but cannot be understood.
 */
export async function keptLogin(environment: NodeJS.ProcessEnv, host: string): Promise<KeptLogin> {
  const file = join(environment["DOCKER_CONFIG"] || join(homedir(), ".docker"), "config.json");
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return "{}";
    throw error;
  });
  let configuration: DockerConfiguration;
  try {
    configuration = JSON.parse(text) as DockerConfiguration;
  } catch (cause) {
    // The parser's message quotes the file, which holds passwords.
    throw new Error(`${file} is not JSON; mend it, or set DOCKER_CONFIG to another folder`, {
      cause: cause instanceof Error ? cause.name : undefined,
    });
  }
  return { file, ...loginIn(configuration, host) };
}

/** The login for a host, under any of the names that clients have written hosts as. */
export function loginIn(
  { auths = {}, credHelpers = {}, credsStore }: DockerConfiguration,
  host: string,
): Omit<KeptLogin, "file"> {
  const [, entry] = Object.entries(auths).find(([name]) => hostOf(name) === host) ?? [];
  const { username, password } = entry ?? {};
  if (username !== undefined && password !== undefined) return { login: { username, password } };
  const decoded = Buffer.from(entry?.auth ?? "", "base64").toString();
  const colon = decoded.indexOf(":");
  if (colon > 0) return { login: { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) } };
  const helper = credHelpers[host] ?? credsStore;
  return helper === undefined ? {} : { helper: `docker-credential-${helper}` };
}

/** Docker writes hosts bare, as URLs of version 1 or 2, and its own hub by an old name. */
function hostOf(name: string): string {
  const host = name.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  return host === "index.docker.io" ? "docker.io" : host;
}
