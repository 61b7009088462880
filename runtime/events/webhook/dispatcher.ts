import { KeyStoreError } from "../../../key-store/error.ts";
import type { Key } from "../../../key-store/key.ts";
import type { Log } from "../../service/logger.ts";
import { SIGNING_TRIAL } from "../../service/stack-key.ts";
import { claimsOf, signedSets, type Telling } from "../security-event.ts";
import type { Push, PushResult } from "./push.ts";
import type { PushStore, TakenUp } from "./push-store.ts";
import { breakerAfter, nextPush } from "./schedule.ts";

/** What pushing works with. */
export interface DispatcherOptions {
  readonly store: PushStore;
  readonly push: Push;
  readonly issuer: Omit<Telling, "now">;
  /** The key that signs now. @throws KeyStoreError while there is none. */
  readonly key: () => Key;
  /** Partners that may be told anything now: those that are listed and not suspended. */
  readonly live: () => readonly string[];
  readonly clock: () => Date;
  /** At least 0 and below 1. */
  readonly random: () => number;
  readonly newId: () => string;
  readonly onResult: (client: string, result: PushResult) => void;
  readonly log: Log;
}

/** From taking up to settling, in ms: well above the deadline of a push. */
const HELD_MS = 60_000;

/** Pushes notifications to receivers of one kind; a slow one keeps nobody but itself waiting. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #rounds = new Map<string, Promise<void>>();
  /** False until something was signed, and again once something could not be. */
  #signs = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /**
   * Begins a round with every receiver that has something due and none under way; with none while nothing can be signed.
   *
   * @param onRound called when a round with one of them is over: it may have more.
   * @returns how many receivers.
   */
  async begin(onRound: () => void): Promise<number> {
    const { store, live, clock, log } = this.#options;
    if (!(await this.#canSign())) return 0;
    const now = clock();
    const until = new Date(now.getTime() + HELD_MS);
    const taken = await store.takeUp(live(), [...this.#rounds.keys()], now, until);
    const byReceiver = Map.groupBy(taken, ({ receiver }) => receiver);
    for (const [receiver, notifications] of byReceiver) {
      const round = this.#round(receiver, notifications)
        .catch((error: unknown) => {
          // Nothing was sent and nobody is to blame: they are taken up again when they are held no more.
          if (error instanceof KeyStoreError) {
            this.#signs = false;
            log.warn({ err: error, receiver }, "pushes wait for the key store");
          } else log.error({ err: error, receiver }, "a round of pushes was not written down");
        })
        .finally(() => {
          this.#rounds.delete(receiver);
          onRound();
        });
      this.#rounds.set(receiver, round);
    }
    return byReceiver.size;
  }

  /** Resolves when no round is under way. */
  async idle(): Promise<void> {
    while (this.#rounds.size > 0) await Promise.all(this.#rounds.values());
  }

  /** Who takes up counts a push: through a long absence of the store each would be put off by an hour, and given up. */
  async #canSign(): Promise<boolean> {
    if (this.#signs) return true;
    try {
      await this.#options.key().sign(SIGNING_TRIAL);
      this.#signs = true;
    } catch (error) {
      if (!(error instanceof KeyStoreError)) throw error;
    }
    return this.#signs;
  }

  async #round(receiver: string, notifications: readonly TakenUp[]): Promise<void> {
    const { store, push, issuer, key, clock, random, newId, onResult, log } = this.#options;
    const telling = { ...issuer, now: clock() };
    const tokens = await signedSets(
      notifications.map((notification) => claimsOf(notification, telling)),
      key(),
    );
    const round = await Promise.all(
      notifications.map(async (notification, n) => {
        const token = tokens[n] ?? "";
        const result = await push(notification.url, token, newId());
        const { client, jti, attempts } = notification;
        onResult(client, result);
        const { outcome, message } = result;
        if (outcome !== "Accepted")
          log.info({ client, receiver, jti, attempts, outcome, message }, "push failed");
        return { ...notification, result, nextPush: nextPush(notification, clock(), random()) };
      }),
    );
    const answered = round.some(({ result: { outcome } }) => outcome === "Accepted" || outcome === "Refused");
    const before = notifications[0]?.failures ?? 0;
    const now = clock();
    await store.settle(receiver, round, breakerAfter(before, answered, now, random()), now);
  }
}
