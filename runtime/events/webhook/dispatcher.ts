import type { Log } from "../../service/logger.ts";
import type { SigningKey } from "../../service/signing-key.ts";
import { claimsOf, signedSet, type Telling } from "../security-event.ts";
import type { Push, PushResult } from "./push.ts";
import type { PushStore, TakenUp } from "./push-store.ts";
import { breakerAfter, nextPush } from "./schedule.ts";

/** What pushing works with. */
export interface DispatcherOptions {
  readonly store: PushStore;
  readonly push: Push;
  readonly issuer: Omit<Telling, "now">;
  readonly key: () => SigningKey;
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

/** Pushes notifications to partners' webhooks; a slow receiver keeps nobody but itself waiting. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #rounds = new Map<string, Promise<void>>();

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /**
   * Begins a round with every partner that has something due and none under way.
   *
   * @param onRound called when a round with one of them is over: it may have more.
   * @returns how many partners.
   */
  async begin(onRound: () => void): Promise<number> {
    const { store, live, clock, log } = this.#options;
    const now = clock();
    const idle = live().filter((client) => !this.#rounds.has(client));
    const taken = await store.takeUp(idle, now, new Date(now.getTime() + HELD_MS));
    const byClient = Map.groupBy(taken, ({ client }) => client);
    for (const [client, notifications] of byClient) {
      const round = this.#round(client, notifications)
        .catch((error: unknown) =>
          log.error({ err: error, client }, "a round of pushes was not written down"),
        )
        .finally(() => {
          this.#rounds.delete(client);
          onRound();
        });
      this.#rounds.set(client, round);
    }
    return byClient.size;
  }

  /** Resolves when no round is under way. */
  async idle(): Promise<void> {
    while (this.#rounds.size > 0) await Promise.all(this.#rounds.values());
  }

  async #round(client: string, notifications: readonly TakenUp[]): Promise<void> {
    const { store, push, issuer, key, clock, random, newId, onResult, log } = this.#options;
    const round = await Promise.all(
      notifications.map(async (notification) => {
        const token = signedSet(claimsOf(notification, { ...issuer, now: clock() }), key());
        const result = await push(notification.url, token, newId());
        onResult(client, result);
        const { jti, attempts } = notification;
        const { outcome, message } = result;
        if (outcome !== "Accepted") log.info({ client, jti, attempts, outcome, message }, "push failed");
        return { ...notification, result, nextPush: nextPush(notification, clock(), random()) };
      }),
    );
    const answered = round.some(({ result: { outcome } }) => outcome === "Accepted" || outcome === "Refused");
    const before = notifications[0]?.failures ?? 0;
    const now = clock();
    await store.settle(client, round, breakerAfter(before, answered, now, random()), now);
  }
}
