import { setTimeout as delay } from "node:timers/promises";
import { Pool } from "undici";
import { KeyStoreError } from "../error.ts";
import { answerOf, isPassing, type OpenBaoAnswer } from "./answer.ts";
import { type Login, Session } from "./session.ts";
import { OPEN_BAO_AUDIENCE, type OpenBaoSettings } from "./settings.ts";

/** What a call is for, in metrics and messages. */
export type Operation = "login" | "read" | "sign" | "open";

/** What one attempt came to. `code` is the HTTP status, or `<error>` when no answer came. */
export interface CallOutcome {
  readonly operation: Operation;
  readonly code: string;
  readonly seconds: number;
}

/** How a store is called. */
export interface OpenBaoOptions extends OpenBaoSettings {
  /** The pod's ServiceAccount token of now, for audience {@link OPEN_BAO_AUDIENCE}. */
  readonly serviceAccountToken: () => Promise<string>;
  /** Longest a call takes in all, retries and login included, in ms. Default 5 s. */
  readonly deadlineMs?: number;
  /** Longest one attempt of it takes, in ms. Default 2 s. */
  readonly attemptMs?: number;
  /** Calls under way at most; more are refused at once, so that a store that is away fills no memory. Default 256. */
  readonly calls?: number;
  readonly onCall?: (outcome: CallOutcome) => void;
}

interface Call {
  readonly operation: Operation;
  readonly method: "GET" | "POST";
  /** Behind `/v1/`. */
  readonly path: string;
  readonly body?: object;
  /** What it is asked with when that is no token: never to be quoted. */
  readonly secret?: string;
}

const CONNECTIONS = 8;
const FIRST_WAIT_MS = 100;
/** Keep-alive connections to one OpenBao or Vault, logged in when first needed. Every call is safe to repeat, and is. */
export class OpenBao {
  readonly settings: OpenBaoSettings;
  readonly #options: OpenBaoOptions;
  readonly #pool: Pool;
  readonly #session: Session;
  #under = 0;

  constructor(options: OpenBaoOptions) {
    this.settings = options;
    this.#options = options;
    this.#session = new Session(
      () => this.#login(),
      () => performance.now(),
    );
    this.#pool = new Pool(options.address, {
      connections: CONNECTIONS,
      keepAliveTimeout: 60_000,
      connect: { timeout: 2_000, ...(options.caBundle === undefined ? {} : { ca: options.caBundle }) },
    });
  }

  /** Public halves and versions of a key. @throws KeyStoreError when no answer came, or not to us. */
  read(path: string): Promise<OpenBaoAnswer> {
    return this.#call({ operation: "read", method: "GET", path });
  }

  /** A signature. @throws KeyStoreError as {@link read}. */
  sign(path: string, body: object): Promise<OpenBaoAnswer> {
    return this.#call({ operation: "sign", method: "POST", path, body });
  }

  /** What was encrypted. @throws KeyStoreError as {@link read}. */
  open(path: string, body: object): Promise<OpenBaoAnswer> {
    return this.#call({ operation: "open", method: "POST", path, body });
  }

  /** Breaks every connection. */
  close(): Promise<void> {
    return this.#pool.destroy();
  }

  async #call(call: Call): Promise<OpenBaoAnswer> {
    const { calls = 256, address } = this.#options;
    if (this.#under >= calls)
      throw new KeyStoreError("busy", `${calls} calls wait for the key store ${address} already; try later.`);
    this.#under += 1;
    try {
      return await this.#authorised(call);
    } finally {
      this.#under -= 1;
    }
  }

  /** A token may have been taken back: one that is refused is exchanged. */
  async #authorised(call: Call): Promise<OpenBaoAnswer> {
    const due = this.#due();
    for (;;) {
      const token = await this.#before(due, this.#session.token());
      const answer = await this.#repeated(call, due, token);
      if (answer.status !== 403) return answer;
      if (this.#session.refused(token)) continue;
      const { address, role } = this.#options;
      throw new KeyStoreError(
        "refused",
        `The key store ${address} does not let role ${role} ${call.method === "GET" ? "read" : "update"} ${call.path}; allow it in the role's policy.`,
      );
    }
  }

  /** A login is of all calls that wait for it, and has time of its own: who is late by then goes without. */
  async #before<Result>(due: number, work: Promise<Result>): Promise<Result> {
    const over = new AbortController();
    const late = delay(Math.max(1, due - performance.now()), undefined, { signal: over.signal }).then(() => {
      throw this.#away("login", "no answer in time");
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      over.abort();
    }
  }

  async #login(): Promise<Login> {
    const { address, auth, role, serviceAccountToken } = this.#options;
    const jwt = (await serviceAccountToken()).trim();
    const body = { role, jwt };
    const call: Call = { operation: "login", method: "POST", path: `auth/${auth}/login`, body, secret: jwt };
    const answer = await this.#repeated(call, this.#due());
    const { client_token: token, lease_duration: seconds } = (answer.body["auth"] ?? {}) as {
      readonly client_token?: string;
      readonly lease_duration?: number;
    };
    if (answer.status !== 200 || token === undefined)
      throw new KeyStoreError(
        "refused",
        `The key store ${address} refused the login auth/${auth} as role ${role} (${answer.status}: ${answer.errors}); ` +
          `bind the role to this pod's ServiceAccount and namespace, with audience ${OPEN_BAO_AUDIENCE}.`,
      );
    return { token, lifeMs: seconds === undefined || seconds === 0 ? Infinity : seconds * 1000 };
  }

  #due(): number {
    return performance.now() + (this.#options.deadlineMs ?? 5_000);
  }

  /** @throws KeyStoreError `away` when until then there was no answer but those that pass by themselves. */
  async #repeated(call: Call, due: number, token?: string): Promise<OpenBaoAnswer> {
    const { address, attemptMs = 2_000 } = this.#options;
    for (let waitMs = FIRST_WAIT_MS; ; waitMs *= 2) {
      const left = due - performance.now();
      let found: OpenBaoAnswer | undefined;
      let cause: unknown;
      if (left > 0) {
        try {
          found = await this.#attempt(call, Math.min(left, attemptMs), token);
        } catch (error) {
          cause = error;
        }
        if (this.#pool.destroyed)
          throw new KeyStoreError("away", `The connections to the key store ${address} were closed.`, {
            cause,
          });
        if (found !== undefined && !isPassing(found)) return found;
      }
      if (performance.now() + waitMs >= due) {
        const why = found === undefined ? "no answer" : `${found.status}: ${found.errors}`;
        throw this.#away(call.operation, why, cause);
      }
      await delay(waitMs);
    }
  }

  #away(operation: Operation, why: string, cause?: unknown): KeyStoreError {
    return new KeyStoreError(
      "away",
      `The key store ${this.#options.address} cannot ${operation} now (${why}); see that it runs, is unsealed and can be reached from here.`,
      { cause },
    );
  }

  async #attempt(
    { operation, method, path, body, secret }: Call,
    ms: number,
    token?: string,
  ): Promise<OpenBaoAnswer> {
    const started = performance.now();
    let code = "<error>";
    try {
      const answer = await this.#pool.request({
        method,
        path: `/v1/${path}`,
        headers: {
          accept: "application/json",
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...(token === undefined ? {} : { "x-vault-token": token }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(Math.max(1, Math.ceil(ms))),
      });
      const text = await answer.body.text();
      code = String(answer.statusCode);
      return answerOf(answer.statusCode, text, token ?? secret);
    } finally {
      this.#options.onCall?.({ operation, code, seconds: (performance.now() - started) / 1000 });
    }
  }
}
