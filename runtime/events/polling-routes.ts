import type { FastifyInstance } from "fastify";
import { contextOf, onlyFrom } from "../service/mtls-server.ts";
import { ObukError } from "../service/obuk-error.ts";
import type { Arrivals } from "./arrivals.ts";
import type { SigningKey } from "../service/signing-key.ts";
import type { NotificationStore } from "./notification-store.ts";
import { readPoll, receiptsOf, wishOf } from "./polling.ts";
import { claimsOf, signedSet, type Notification, type Telling } from "./security-event.ts";

/** Where partners poll, below the API's host. */
export const EVENTS_PATH = "/open-banking/v4.0/events";

/** What polling works with. */
export interface PollingOptions {
  readonly notifications: NotificationStore;
  readonly arrivals: Arrivals;
  readonly issuer: Omit<Telling, "now">;
  /** The key that signs now. */
  readonly key: () => SigningKey;
  readonly clock: () => Date;
  /** How long a poll waits for news, in ms; below the deadline of the gateway. */
  readonly longPollMs: number;
  /** Aborts when the service stops: whoever waits is answered. */
  readonly stopping: AbortSignal;
}

/** Event polling of Open Banking UK 4.0: receipts for earlier notifications in, those that wait out. */
export function pollingRoutes(app: FastifyInstance, options: PollingOptions): void {
  const { notifications, arrivals, clock, longPollMs, stopping } = options;

  app.post(EVENTS_PATH, { preHandler: onlyFrom("gateway") }, async (request, reply) => {
    const { clientId } = contextOf(request);
    const read = readPoll(request.body);
    if ("faults" in read) throw new ObukError(400, read.faults);
    await notifications.settle(clientId, receiptsOf(read.request), clock());
    const { limit, waits } = wishOf(read.request);
    const gone = new AbortController();
    reply.raw.once("close", () => gone.abort());
    const found = await arrivals.until(
      async () => {
        // One more than is told, to know whether there are more.
        const rows = await notifications.waiting(clientId, limit + 1);
        return rows.length > 0 || !waits ? rows : undefined;
      },
      { patienceMs: longPollMs, signal: AbortSignal.any([stopping, gone.signal]) },
    );
    return answer(found ?? [], limit, options);
  });
}

/** `OBEventPollingResponse1`. */
function answer(
  found: readonly Notification[],
  limit: number,
  { issuer, key, clock }: PollingOptions,
): object {
  const telling = { ...issuer, now: clock() };
  const signing = key();
  const sets = found
    .slice(0, limit)
    .map((notification) => [notification.jti, signedSet(claimsOf(notification, telling), signing)]);
  return { moreAvailable: found.length > limit, sets: Object.fromEntries(sets) };
}
