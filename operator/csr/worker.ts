import { Cache } from "../../kube/cache.ts";
import type { Client } from "../../kube/client.ts";
import type { Clock } from "../../kube/clock.ts";
import { isConflict, isNotFound } from "../../kube/error.ts";
import type { Logger } from "../../kube/logger.ts";
import { keyText } from "../../kube/object.ts";
import { priority, WorkQueue } from "../../kube/queue.ts";
import { Reflector } from "../../kube/reflector.ts";
import { type CertificateSigningRequest, certificateSigningRequests } from "../../kube/resources.ts";

/** Requests judged at one time: each may wait for the API server, none for long. */
const WORKERS = 4;

/** What came of one visit. */
export interface Visit {
  /** The server's answer, when something was written. */
  readonly written?: CertificateSigningRequest | undefined;
  /** Look again after this many ms, since what the decision hangs on is not watched. */
  readonly recheckAfter?: number | undefined;
}

export interface CsrWorkerOptions {
  readonly client: Client;
  /** Only requests for this signer are seen. */
  readonly signerName: string;
  /** Decides about one request and writes the decision. Throws to be called again, later each time. */
  readonly visit: (csr: CertificateSigningRequest) => Promise<Visit>;
  readonly logger: Logger;
  /** Of the watch: how long silence is trusted. Default: the machine's. */
  readonly clock?: Clock | undefined;
}

/** Visits every CertificateSigningRequest of one signer whenever it changes. One request that fails delays no other. */
export class CsrWorker {
  readonly #options: CsrWorkerOptions;
  readonly #cache = new Cache({ resource: certificateSigningRequests });
  readonly #queue = new WorkQueue();
  readonly #reflector: Reflector<CertificateSigningRequest>;
  #running: Promise<unknown> | undefined;

  constructor(options: CsrWorkerOptions) {
    this.#options = options;
    const { client, logger, clock, signerName } = options;
    const fieldSelector = `spec.signerName=${signerName}`;
    this.#reflector = new Reflector({ client, cache: this.#cache, clock, logger, fieldSelector });
    this.#cache.subscribe(({ type, object, initial }) => {
      if (type === "removed") return;
      this.#queue.add(object.metadata.name, initial ? { priority: priority.resync } : {});
    });
  }

  /** Whether the watch is open and everything that was there has been seen. */
  get ready(): boolean {
    return this.#cache.synced && this.#reflector.connected;
  }

  start(): void {
    this.#reflector.start();
    this.#running ??= Promise.all(Array.from({ length: WORKERS }, () => this.#work()));
  }

  /** Finishes what is in work. */
  async stop(): Promise<void> {
    this.#queue.stop();
    await Promise.all([this.#reflector.stop(), this.#running]);
  }

  async #work(): Promise<void> {
    for (let name = await this.#queue.take(); name !== undefined; name = await this.#queue.take()) {
      await this.#visit(name);
      this.#queue.done(name);
    }
  }

  async #visit(name: string): Promise<void> {
    const csr = this.#cache.get({ name });
    if (!csr) return this.#queue.forget(name);
    try {
      const { written, recheckAfter } = await this.#options.visit(csr);
      if (written) this.#cache.wrote(written, this.#options.signerName);
      if (recheckAfter !== undefined) this.#queue.add(name, { afterMs: recheckAfter });
      this.#queue.forget(name);
    } catch (error) {
      // Gone, or changed meanwhile: the watch tells the rest.
      const expected = isConflict(error) || isNotFound(error);
      const waitMs = this.#queue.retry(name);
      if (!expected)
        this.#options.logger.warn({ err: error, csr: keyText({ name }), waitMs }, "request not handled");
    }
  }
}
