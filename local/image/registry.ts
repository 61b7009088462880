import type { Readable } from "node:stream";
import { Agent, type Dispatcher, request } from "undici";
import type { RegistryAddress } from "./registry-address.ts";
import { challengeOf, scopesFor, tokenUrl } from "./registry-challenge.ts";
import { refused, RegistryError, unreachable } from "./registry-error.ts";
import type { KeptLogin } from "./registry-login.ts";

/** One request to a registry. */
export interface RegistryRequest {
  readonly method: "HEAD" | "GET" | "POST" | "PUT";
  /** Path below the registry, or the whole URL that it named itself. */
  readonly url: string | URL;
  readonly repository: string;
  /** Another repository whose blobs are taken. */
  readonly from?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Made anew for each try. */
  readonly body?: () => string | Readable;
}

export interface RegistryAnswer {
  readonly status: number;
  /** By lower-case name; several of one name are a list. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

/** A registry that was found to be there. */
export interface Registry {
  readonly address: RegistryAddress;
  /**
   * Asks, and shows who we are when the registry wants to know.
   *
   * @param wanted statuses the caller can go on from.
   * @throws RegistryError for every other, and when no answer comes.
   */
  send(what: RegistryRequest, wanted: readonly number[]): Promise<RegistryAnswer>;
  close(): Promise<void>;
}

/**
 * Connects to a registry (OCI Distribution Specification 1.1).
 *
 * @throws RegistryError when nothing is there, or something that is no registry.
 */
export async function connectRegistry(address: RegistryAddress, kept: KeptLogin): Promise<Registry> {
  const agent = new Agent({ connect: { timeout: 10_000 }, headersTimeout: 300_000 });
  const { host } = new URL(address.origin);
  const authorizations = new Map<string, string>();

  const ask = async (what: RegistryRequest): Promise<RegistryAnswer> => {
    const url = new URL(what.url, address.origin);
    // Uploads may be sent elsewhere, where a login for the registry has no business.
    const own = url.host === host;
    // A registry behind a proxy may not know that it is spoken to over TLS.
    if (own) url.protocol = new URL(address.origin).protocol;
    const authorization = own
      ? authorizations.get(scopesFor(what.repository, what.from).join(" "))
      : undefined;
    const headers = { ...what.headers, ...(authorization === undefined ? {} : { authorization }) };
    return exchange(agent, url, what.method, headers, what.body?.());
  };

  const authorize = async ({ repository, from }: RegistryRequest, { headers }: RegistryAnswer) => {
    const challenge = challengeOf(headers["www-authenticate"]);
    if (challenge === undefined) return false;
    const scopes = scopesFor(repository, from);
    const login = kept.login;
    const basic = login && `Basic ${Buffer.from(`${login.username}:${login.password}`).toString("base64")}`;
    if (challenge.scheme === "basic") {
      if (basic === undefined) return false;
      authorizations.set(scopes.join(" "), basic);
      return true;
    }
    const url = tokenUrl(challenge, scopes);
    if (basic !== undefined && url.protocol === "http:" && address.origin.startsWith("https:"))
      throw new RegistryError(`${address.host} wants the login to be sent in the clear to ${url.host}`, 401);
    const answer = await exchange(agent, url, "GET", basic === undefined ? {} : { authorization: basic });
    if (answer.status !== 200) return false;
    const { token, access_token } = JSON.parse(answer.text) as { token?: string; access_token?: string };
    authorizations.set(scopes.join(" "), `Bearer ${token ?? access_token}`);
    return true;
  };

  const send: Registry["send"] = async (what, wanted) => {
    let answer: RegistryAnswer;
    try {
      answer = await ask(what);
      if (answer.status === 401 && (await authorize(what, answer))) answer = await ask(what);
    } catch (cause) {
      throw cause instanceof RegistryError ? cause : unreachable(address, cause);
    }
    if (wanted.includes(answer.status)) return answer;
    const { method, repository } = what;
    throw refused(address, kept, { ...answer, tried: `${method} for ${repository}`, repository });
  };

  try {
    await recognise(address, ask);
  } catch (error) {
    await agent.close();
    throw error;
  }
  return { address, send, close: () => agent.close() };
}

/** Every registry answers below /v2/, if only that it does not know us. */
async function recognise(
  address: RegistryAddress,
  ask: (what: RegistryRequest) => Promise<RegistryAnswer>,
): Promise<void> {
  const { status } = await ask({ method: "GET", url: "/v2/", repository: "" }).catch((cause: unknown) => {
    throw unreachable(address, cause);
  });
  if (status === 200 || status === 401) return;
  throw new RegistryError(
    `${address.origin} is no image registry: GET /v2/ is answered with ${status}; look at REGISTRY, which is host/path`,
    status,
  );
}

async function exchange(
  dispatcher: Dispatcher,
  url: URL,
  method: RegistryRequest["method"],
  headers: Readonly<Record<string, string>>,
  body?: string | Readable,
): Promise<RegistryAnswer> {
  const answer = await request(url, { dispatcher, method, headers, body: body ?? null });
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
}

/** The value of a header that comes once. */
export function headerOf({ headers }: Pick<RegistryAnswer, "headers">, name: string): string | undefined {
  return [headers[name] ?? []].flat()[0];
}
