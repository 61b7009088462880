import type { LookupAddress, LookupOptions } from "node:dns";
import { lookup } from "node:dns/promises";
import { createSecureContext, rootCertificates } from "node:tls";
import { Client } from "undici";
import { hostOf, objectionToUrl, pinnedAddress, TargetRefused } from "./target.ts";

/** What became of a push. */
export interface PushResult {
  /** `Accepted` only when the receiver said so; `Refused` when it answered anything else. */
  readonly outcome: "Accepted" | "Refused" | "Unanswered" | "TargetRefused";
  /** Status of the answer, if there was one. */
  readonly status: number | undefined;
  /** For people; absent when accepted. */
  readonly message?: string;
  /** From the look-up of the name to the answer, in ms. */
  readonly durationMs: number;
}

/** Sends one token to one address. Never throws. */
export type Push = (url: string, token: string, interactionId: string) => Promise<PushResult>;

/** How tokens are sent. */
export interface PushOptions {
  /** Who we are to receivers: `x-fapi-financial-id`. */
  readonly financialId: string;
  /** Hosts that a sandbox may call though they are not on the Internet. */
  readonly privateHosts: readonly string[];
  /** Roots (PEM) beside the public ones. */
  readonly trust?: string | undefined;
  /** A push may take this long in all, in ms. */
  readonly deadlineMs: number;
  /** Clock for durations, in ms. */
  readonly clock: () => number;
}

/** Statuses by which a receiver says that it cannot, rather than that it will not. */
const BUSY = new Set([408, 425, 429]);
/** Bytes of an answer that are read before its connection is given up. */
const MOST_ANSWER = 4_096;

/**
 * Sends tokens as Open Banking UK 4.0 has it (Event Notification API, `POST /event-notifications`).
 *
 * The name is looked up once, every address it has must be on the Internet, and the connection goes to the one that was
 * looked at. Redirects are answers like any other: not followed.
 */
export function createPush(options: PushOptions): Push {
  const { financialId, privateHosts, trust, deadlineMs, clock } = options;
  // Made once: reading the roots takes longer than a call.
  const secureContext = createSecureContext({
    minVersion: "TLSv1.2",
    ...(trust === undefined ? {} : { ca: [...rootCertificates, trust] }),
  });

  const send = async (url: URL, token: string, interactionId: string): Promise<number> => {
    const host = hostOf(url);
    const addresses = await lookup(host, { all: true });
    const pinned = pinnedAddress(
      host,
      addresses.map(({ address }) => address),
      privateHosts,
    );
    const client = new Client(url.origin, {
      connect: {
        timeout: Math.min(deadlineMs, 5_000),
        secureContext,
        lookup: lookupOf(addresses.filter(({ address }) => address === pinned)),
      },
    });
    try {
      const { statusCode, body } = await client.request({
        method: "POST",
        path: `${url.pathname}${url.search}`,
        headers: {
          "content-type": "application/jwt",
          "x-fapi-financial-id": financialId,
          "x-fapi-interaction-id": interactionId,
        },
        body: token,
        signal: AbortSignal.timeout(deadlineMs),
      });
      await body.dump({ limit: MOST_ANSWER });
      return statusCode;
    } finally {
      await client.destroy();
    }
  };

  return async (text, token, interactionId) => {
    const started = clock();
    const result = (outcome: PushResult["outcome"], status?: number, message?: string): PushResult => ({
      outcome,
      status,
      durationMs: Math.round(clock() - started),
      ...(message === undefined ? {} : { message }),
    });
    const objection = objectionToUrl(text, privateHosts);
    if (objection !== undefined) return result("TargetRefused", undefined, objection);
    try {
      const status = await send(new URL(text), token, interactionId);
      if (status >= 200 && status < 300) return result("Accepted", status);
      return result(
        status >= 500 || BUSY.has(status) ? "Unanswered" : "Refused",
        status,
        `answered ${status}`,
      );
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return result(error instanceof TargetRefused ? "TargetRefused" : "Unanswered", undefined, message);
    }
  };
}

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/** A look-up that knows one answer. */
function lookupOf(addresses: readonly LookupAddress[]) {
  return (_host: string, { all }: LookupOptions, callback: LookupCallback): void => {
    const [first] = addresses;
    if (all === true || first === undefined) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  };
}
