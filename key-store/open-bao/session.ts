/** A token of the store and how long it is good for. */
export interface Login {
  readonly token: string;
  /** In ms; Infinity for one that never ends. */
  readonly lifeMs: number;
}

/** Another token for one that was refused is got once in so long, in ms: it is not its age then, but what it may. */
const EXCHANGE_MS = 10_000;

/** One login shared by every call, and done again from two thirds of its life on, beside the calls. */
export class Session {
  readonly #login: () => Promise<Login>;
  readonly #now: () => number;
  #held: { readonly token: string; readonly renewAt: number; readonly endsAt: number } | undefined;
  #running: Promise<string> | undefined;
  #exchangedAt = -Infinity;

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

  /**
   * The store did not take this token: it may have been taken back.
   *
   * @returns whether there is another to try: the next {@link token}.
   */
  refused(token: string): boolean {
    if (this.#held?.token !== token) return true;
    const now = this.#now();
    if (now - this.#exchangedAt < EXCHANGE_MS) return false;
    this.#exchangedAt = now;
    this.#held = undefined;
    return true;
  }

  async #renew(): Promise<string> {
    // From before the call: the store's clock began to run while the answer was under way.
    const at = this.#now();
    const { token, lifeMs } = await this.#login();
    this.#held = { token, renewAt: at + (lifeMs * 2) / 3, endsAt: at + lifeMs };
    return token;
  }
}
