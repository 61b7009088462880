import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { ENROLMENT_CSR_LIMIT } from "../../crds/enrolment.ts";
import type { Log } from "../service/logger.ts";
import type { UpstreamResponse } from "../service/mtls-client.ts";
import type { ListedPartner } from "../service/shards.ts";
import { readBody } from "./body.ts";
import { base64Lines, certificatesIn, certsOnly } from "./certs-only.ts";
import type { EnrolmentDesk } from "./enrolment-desk.ts";
import type { Refusal } from "./refusal.ts";
import type { MediaType } from "./route.ts";

/** Where EST is (RFC 7030 section 3.2.2). */
export const EST_PATH = "/.well-known/est";

/** What EST needs of its gateway. */
export interface EstParts {
  readonly desk: EnrolmentDesk;
  /** Roots and intermediates of partners' certificates, PEM. */
  readonly authorities: () => string;
  readonly log: Log;
}

/** An operation of EST, as far as the checks of every call need it. */
export interface EstRoute {
  readonly name: string;
  readonly operation: "cacerts" | "simplereenroll";
  readonly takes: MediaType;
  readonly gives: MediaType;
}

/** What a method and a path below {@link EST_PATH} lead to. */
export type EstMatch =
  | { readonly found: true; readonly route: EstRoute }
  | { readonly found: false; readonly why: "Unknown" | "Method"; readonly allowed?: readonly string[] };

/** Offered is what renews; a first certificate comes from the Partner resource. */
const OPERATIONS: Readonly<Record<string, { readonly method: string; readonly route: EstRoute }>> = {
  cacerts: {
    method: "GET",
    route: { name: "est/cacerts", operation: "cacerts", takes: "anything", gives: "anything" },
  },
  simplereenroll: {
    method: "POST",
    route: {
      name: "est/simplereenroll",
      operation: "simplereenroll",
      takes: "application/pkcs10",
      gives: "anything",
    },
  },
};

/** The operation of a request; undefined for an address that is not EST's. @param path without query. */
export function estMatchOf(method: string, path: string): EstMatch | undefined {
  if (!path.startsWith(`${EST_PATH}/`)) return undefined;
  const name = path.slice(EST_PATH.length + 1);
  const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
  if (!operation) return { found: false, why: "Unknown" };
  return operation.method === method
    ? { found: true, route: operation.route }
    : { found: false, why: "Method", allowed: [operation.method] };
}

/** Bytes of base64 a request may have; a PEM of {@link ENROLMENT_CSR_LIMIT} characters has less. */
const EST_BODY_LIMIT = 8_192;

/** A request is looked for again after so long, in seconds: it is signed within a second where nobody has to approve. */
const RETRY_AFTER = 2;

/** Carries out an operation for a partner that was let in, over the certificate of that thumbprint. */
export async function answerEst(
  { desk, authorities, log }: EstParts,
  { operation }: EstRoute,
  { clientId, shard }: ListedPartner,
  thumbprint: string,
  request: IncomingMessage,
): Promise<Refusal | UpstreamResponse> {
  const { enrolment } = shard;
  if (operation === "cacerts") {
    const [, ...chain] = certificatesIn(enrolment?.pem ?? "");
    const pem = chain.map((der) => `-----BEGIN CERTIFICATE-----${base64Lines(der)}-----END CERTIFICATE-----`);
    return certificates(certificatesIn(...pem, authorities()));
  }
  const body = await readBody(request, EST_BODY_LIMIT);
  if (body === "TooLarge") return "BodyTooLarge";
  if (body === "Aborted") return "UpstreamUnavailable";
  const csr = requestPemOf(body.toString("latin1"));
  if (csr === undefined) {
    return text(400, "The body is no PKCS #10 request in base64 (openssl req -outform DER | base64).");
  }
  if (enrolment?.csrHash === createHash("sha256").update(csr).digest("hex")) {
    switch (enrolment.state) {
      case "Issued":
        return certificates(certificatesIn(enrolment.pem ?? "").slice(0, 1));
      case "Refused":
        // The hub judges a request once: what was only too early needs another one, too.
        return text(400, `${enrolment.message ?? "It was refused."} Then ask with a new request.`);
      case "Pending":
        return text(202, "The request waits for the bank; ask the same again.", RETRY_AFTER);
    }
  }
  try {
    const asked = await desk.ask(clientId, { csr, over: thumbprint });
    return asked.asked
      ? text(202, "The request is on its way; ask the same again.", RETRY_AFTER)
      : text(429, "Another request was made just now; wait as long as Retry-After says.", asked.retryAfter);
  } catch (error) {
    log.warn({ err: error, clientId }, "request for a certificate not laid");
    return "UpstreamUnavailable";
  }
}

/**
 * A PKCS #10 request out of its base64 (RFC 8951 section 3), as PEM in the one usual form; undefined for anything else.
 *
 * Only its outer length is looked at: the hub judges it.
 */
export function requestPemOf(body: string): string | undefined {
  const base64 = body.replaceAll(/[\r\n\t ]/g, "");
  const der = Buffer.from(base64, "base64");
  if (base64 === "" || der.toString("base64") !== base64 || !isSequence(der)) return undefined;
  const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${base64Lines(der)}-----END CERTIFICATE REQUEST-----\n`;
  return pem.length <= ENROLMENT_CSR_LIMIT ? pem : undefined;
}

/** Whether the bytes are one DER SEQUENCE of 128 to 65,535 octets, to the end. */
function isSequence(der: Buffer): boolean {
  const [tag, length = 0] = der;
  const octets = length - 0x80;
  if (tag !== 0x30 || octets < 1 || octets > 2 || der.length < 2 + octets) return false;
  return der.readUIntBE(2, octets) === der.length - 2 - octets;
}

function certificates(all: readonly Buffer[]): UpstreamResponse {
  return answer(200, "application/pkcs7-mime; smime-type=certs-only", base64Lines(certsOnly(all)));
}

/** A sentence for people: what RFC 7030 section 4.2.3 wants where no certificate is. */
function text(status: number, words: string, retryAfter?: number): UpstreamResponse {
  const headers = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };
  return answer(status, "text/plain; charset=utf-8", `${words}\n`, headers);
}

function answer(
  status: number,
  type: string,
  body: string,
  more: Readonly<Record<string, string>> = {},
): UpstreamResponse {
  const headers = { "content-type": type, ...more };
  return { status, headers, body: Buffer.from(body), json: () => JSON.parse(body) };
}
