import { createPrivateKey, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";

/** What is wrong with a kubeconfig's server, and what to write instead; undefined: nothing. The address is not quoted. */
export function serverFault(server: unknown, credential: boolean): string | undefined {
  const url = typeof server === "string" ? URL.parse(server) : null;
  if (url === null || !["https:", "http:"].includes(url.protocol))
    return "The kubeconfig's server is no URL; write it as https://host:6443.";
  if (url.username !== "" || url.password !== "")
    return "The kubeconfig's server has a user or a password in it; put credentials under users.";
  // Whoever is on the way would read it.
  if (url.protocol === "http:" && credential && !isLoopback(url.hostname))
    return "The kubeconfig's server is http, so its credential would be sent in the clear; write https://.";
  return undefined;
}

/** What is wrong with a bearer token, which becomes a header; undefined: nothing. It is not quoted. */
export function tokenFault(token: unknown): string | undefined {
  return token === undefined || (typeof token === "string" && /^[\x21-\x7e]*$/.test(token.trim()))
    ? undefined
    : "The kubeconfig's token is no line of text; write it between quotation marks, without spaces.";
}

/** What is wrong with PEM in a kubeconfig, all of it inline; undefined: nothing. None of it is quoted. */
export function pemFault(pem: {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}): string | undefined {
  const { ca, cert, key } = pem;
  const no = (what: string): string => `The kubeconfig's ${what}; write one there in base64.`;
  if (ca !== undefined && fails(() => new X509Certificate(ca)))
    return no("certificate-authority-data is no PEM certificate");
  if (cert !== undefined && fails(() => new X509Certificate(cert)))
    return no("client-certificate-data is no PEM certificate");
  if (key !== undefined && fails(() => createPrivateKey(key)))
    return no("client-key-data is no PEM private key");
  if (fails(() => createSecureContext(pem)))
    return "The kubeconfig's client-key-data is not the key of its client-certificate-data; take both from one place.";
  return undefined;
}

/** `127.0.0.0/8`, `::1` and `localhost`, as a URL spells them. */
function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}

function fails(work: () => unknown): boolean {
  try {
    work();
    return false;
  } catch {
    return true;
  }
}
