import type { Credentials } from "../../kube/credentials.ts";

/** Credentials that can be exchanged for others of the same server, so that a new token costs no connection and no cache. */
export class RotatingCredentials implements Credentials {
  readonly server: string;
  readonly namespace: string | undefined;
  #current: Credentials;

  constructor(first: Credentials) {
    this.server = first.server;
    this.namespace = first.namespace;
    this.#current = first;
  }

  /** Every request from now on goes out with these. */
  replace(next: Credentials): void {
    this.#current = next;
  }

  tls(): ReturnType<Credentials["tls"]> {
    return this.#current.tls();
  }

  headers(): ReturnType<Credentials["headers"]> {
    return this.#current.headers();
  }

  rejected(): void {
    this.#current.rejected();
  }
}
