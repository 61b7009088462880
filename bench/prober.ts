import { setTimeout as pause } from "node:timers/promises";
import { Client } from "undici";
import type { TransportCredentials } from "../cli/quickstart/http.ts";

/** One way of asking one gateway pod. */
export interface Target {
  readonly group: string;
  readonly pod: string;
  /** `10.66.1.7:8443`. */
  readonly address: string;
  /** The name the gateway serves, and its certificate has. */
  readonly host: string;
  readonly connection: "kept-alive" | "new";
}

/** What a pod said to a call without a token: a live partner is asked for one (401), a suspended one is refused (403). */
export type Answer = "served" | "refused";

/** Asks one pod again and again until it is stopped. */
export interface Prober {
  readonly target: Target;
  /** Called with each answer and when it came, in ms of the monotonic clock. */
  onAnswer(listener: ((answer: Answer, at: number) => void) | undefined): void;
  /** What went wrong last, for messages. */
  lastError(): unknown;
  stop(): Promise<void>;
}

/** Between the end of one call and the start of the next, in ms: much less than what is measured. */
const PAUSE = 4;

export interface ProberOptions {
  readonly root: string;
  readonly credentials: TransportCredentials;
}

/**
 * Starts to ask.
 *
 * The call carries the partner's certificate and no token, so that the gateway alone answers and nothing behind it is
 * kept busy: what is measured is the switch, not the bank.
 */
export function startProber(target: Target, { root, credentials }: ProberOptions): Prober {
  let listener: ((answer: Answer, at: number) => void) | undefined;
  let lastError: unknown;
  let stopped = false;
  const open = () =>
    new Client(`https://${target.address}`, {
      connect: {
        ca: root,
        cert: credentials.certificate,
        key: credentials.key,
        servername: target.host,
        minVersion: "TLSv1.3",
        // A resumed session would not be a new connection in full.
        maxCachedSessions: 0,
      },
      headersTimeout: 5_000,
      bodyTimeout: 5_000,
    });
  let client = open();

  async function ask(): Promise<void> {
    const { statusCode, body } = await client.request({
      method: "GET",
      path: "/open-banking/v4.0/aisp/accounts",
      headers: { host: target.host },
    });
    await body.dump();
    if (statusCode !== 401 && statusCode !== 403) throw new Error(`${target.pod} answered ${statusCode}`);
    listener?.(statusCode === 401 ? "served" : "refused", performance.now());
  }

  const running = (async () => {
    while (!stopped) {
      try {
        await ask();
      } catch (error) {
        // A closed connection is no answer: the next call opens another, and that one is answered.
        lastError = error;
      }
      if (target.connection === "new") {
        await client.destroy();
        client = open();
      }
      await pause(PAUSE);
    }
    await client.destroy();
  })();

  return {
    target,
    lastError: () => lastError,
    onAnswer: (next) => (listener = next),
    async stop() {
      stopped = true;
      await running;
    },
  };
}
