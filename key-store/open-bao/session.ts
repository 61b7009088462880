/** A token of the store and how long it is good for. */
export interface Login {
  readonly token: string;
  /** In ms; Infinity for one that never ends. */
  readonly lifeMs: number;
}

/** One login shared by every call, and done again from two thirds of its life on, beside the calls. */
export class Session {
  readonly #login: () => Promise<Login>;
  readonly #now: () => number;
  #held: { readonly token: string; readonly renewAt: number; readonly endsAt: number } | undefined;
  #running: Promise<string> | undefined;

  /** @param now a clock that never goes back, in ms. */
  constructor(login: () => Promise<Login>, now: () => number) {
    this.#login = login;
    this.#now = now;
  }

  /**
   * The token of now, at once while one is good: a call has no time for a login that may fail, and needs none.
   *
   * @throws what the login throws, once there is no token that is good.
   */
  async token(): Promise<string> {
    const held = this.#held;
    if (held !== undefined && this.#now() < held.renewAt) return held.token;
    this.#running ??= this.#renew().finally(() => (this.#running = undefined));
    if (held === undefined || this.#now() >= held.endsAt) return this.#running;
    // The next call tries again, and the last one says why.
    this.#running.catch(() => undefined);
    return held.token;
  }

  /** The store no longer takes this token: the next call logs in. */
  forget(token: string): void {
    if (this.#held?.token === token) this.#held = undefined;
  }

  async #renew(): Promise<string> {
    // From before the call: the store's clock began to run while the answer was under way.
    const at = this.#now();
    const { token, lifeMs } = await this.#login();
    this.#held = { token, renewAt: at + (lifeMs * 2) / 3, endsAt: at + lifeMs };
    return token;
  }
}
