import type { Log } from "../service/logger.ts";
import { decide, type Change, type Decision } from "./change.ts";
import type { Actor } from "./events.ts";
import { isTakenBack } from "./states.ts";
import type { ConsentStore, Enclosed } from "./store.ts";

/** Tells gateways that a consent has ended. A message that is lost is caught by their polling. */
export type TellRevoked = (consent: string) => Promise<void>;

/** What changing consents takes. */
export interface RegistryOptions {
  readonly store: ConsentStore;
  readonly clock: () => Date;
  readonly tellRevoked: TellRevoked;
  readonly log: Log;
}

/** Carries a change out: decides, writes, and only when that is committed tells of an end. */
export type ChangeConsent = (
  id: string,
  change: Change,
  actor: Actor,
  enclosed?: Enclosed,
) => Promise<Decision | undefined>;

export function changeConsent({ store, clock, tellRevoked, log }: RegistryOptions): ChangeConsent {
  return async (id, change, actor, enclosed = {}) => {
    const at = clock();
    const decision = await store.change(id, (consent) => decide(consent, change, at), {
      ...enclosed,
      actor,
      at,
    });
    if (decision?.ok !== true || !decision.changed) return decision;
    log.info({ consent: id, transition: decision.transition, actor }, "consent changed");
    if (isTakenBack(decision.consent.state)) {
      await tellRevoked(id).catch((error: unknown) =>
        log.warn({ err: error, consent: id }, "revocation not published"),
      );
    }
    return decision;
  };
}
