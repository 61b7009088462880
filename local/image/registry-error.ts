import type { RegistryAddress } from "./registry-address.ts";
import type { KeptLogin } from "./registry-login.ts";

/** A registry cannot be reached, refuses us, or answers as none would; the message says what to do. */
export class RegistryError extends Error {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;

  constructor(message: string, status: number, options?: ErrorOptions) {
    super(message, options);
    this.name = "RegistryError";
    this.status = status;
  }
}

/** No answer came. @param cause what the connection failed with. */
export function unreachable({ origin, host }: RegistryAddress, cause: unknown): RegistryError {
  const code = codeOf(cause);
  return new RegistryError(`the registry at ${origin} gives no answer (${code}); ${advice(host, code)}`, 0, {
    cause,
  });
}

function advice(host: string, code: string): string {
  if (/CERT|SELF_SIGNED|ISSUER|SIGNATURE/.test(code))
    return "name the file with its authority's certificate by NODE_EXTRA_CA_CERTS=FILE, or mend its certificate";
  if (/SSL|EPROTO|HPE_/.test(code))
    return `if it speaks plain HTTP, say so: REGISTRY=http://${host}/…; the cluster's nodes must allow that too`;
  return "look at REGISTRY, and whether this machine reaches that host";
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ("code" in error && typeof error.code === "string") return error.code;
  return error.cause === undefined ? error.message : codeOf(error.cause);
}

/** The answer was not the one that was wanted. */
export interface Refusal {
  readonly status: number;
  readonly text: string;
  /** What was tried, as "PUT a blob of bank/wekeza". */
  readonly tried: string;
  readonly repository: string;
}

/** An answer that ends the push, in words. */
export function refused({ host }: RegistryAddress, kept: KeptLogin, refusal: Refusal): RegistryError {
  const { status, text, tried, repository } = refusal;
  const what = `${tried} in ${host} was answered with ${status}`;
  const said = quote(text);
  return new RegistryError(`${what}${said}; ${next(status, host, repository, kept)}`, status);
}

function next(status: number, host: string, repository: string, kept: KeptLogin): string {
  const { file, login, helper } = kept;
  if (status === 401 || status === 403) {
    if (login !== undefined)
      return `the login for ${host} in ${file} may not write to ${repository}: use \`docker login ${host}\` with one that may`;
    if (helper !== undefined)
      return `the login for ${host} is kept by ${helper}, which is not asked: put it into "auths" of ${file}`;
    return `there is no login for ${host} in ${file}: \`docker login ${host}\` writes one`;
  }
  if (status === 404)
    return `there may be no ${repository}: some registries want a repository to be made before the first push`;
  if (status === 413) return "a proxy before the registry limits the size of requests: raise its limit";
  return "what is there already is not sent again: try once more, or look into the registry's log";
}

/** The registry's own words: the messages of its error list (OCI Distribution Specification 1.1, "Error Codes"). */
function quote(text: string): string {
  try {
    const { errors = [] } = JSON.parse(text) as { errors?: readonly { code?: string; message?: string }[] };
    const words = errors.map(({ code, message }) => message || code).filter(Boolean);
    return words.length === 0 ? "" : ` (${words.join("; ")})`.slice(0, 300);
  } catch {
    return "";
  }
}
