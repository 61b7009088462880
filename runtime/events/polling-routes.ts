import type { FastifyInstance } from "fastify";
import { KeyStoreError } from "../../key-store/error.ts";
import type { Key } from "../../key-store/key.ts";
import type { Log } from "../service/logger.ts";
import { contextOf, onlyFrom } from "../service/mtls-server.ts";
import { ObukError } from "../service/obuk-error.ts";
import type { Arrivals } from "./arrivals.ts";
import type { NotificationStore } from "./notification-store.ts";
import { readPoll, receiptsOf, wishOf } from "./polling.ts";
import { claimsOf, signedSets, type Notification, type Telling } from "./security-event.ts";

/** Where partners poll, below the API's host. */
export const EVENTS_PATH = "/open-banking/v4.0/events";

/** What polling works with. */
export interface PollingOptions {
  readonly notifications: NotificationStore;
  readonly arrivals: Arrivals;
  readonly issuer: Omit<Telling, "now">;
  /** The key that signs now. @throws KeyStoreError while there is none. */
  readonly key: () => Key;
  readonly clock: () => Date;
  /** How long a poll waits for news, in ms; below the deadline of the gateway. */
  readonly longPollMs: number;
  /** Aborts when the service stops: whoever waits is answered. */
  readonly stopping: AbortSignal;
  readonly log: Log;
}

/** When a poll is worth another try that found no key to sign with, in seconds. */
const RETRY_SECONDS = 30;
const UNSIGNED =
  "Notifications cannot be signed now. None is lost, and the receipts of this poll are taken; poll again in half a minute.";

/** Event polling of Open Banking UK 4.0: receipts for earlier notifications in, those that wait out. */
export function pollingRoutes(app: FastifyInstance, options: PollingOptions): void {
  const { notifications, arrivals, clock, longPollMs, stopping, log } = options;

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
    try {
      return await answer(found ?? [], limit, options);
    } catch (error) {
      if (!(error instanceof KeyStoreError)) throw error;
      log.warn({ err: error, client: clientId }, "notifications wait for the key store");
      void reply.header("retry-after", String(RETRY_SECONDS));
      throw new ObukError(503, { reason: "Other", message: UNSIGNED }, { cause: error });
    }
  });
}

/** `OBEventPollingResponse1`. */
async function answer(
  found: readonly Notification[],
  limit: number,
  { issuer, key, clock }: PollingOptions,
): Promise<object> {
  const told = found.slice(0, limit);
  const moreAvailable = found.length > limit;
  // Who only sends receipts, or finds nothing, needs no key.
  if (told.length === 0) return { moreAvailable, sets: {} };
  const telling = { ...issuer, now: clock() };
  const tokens = await signedSets(
    told.map((notification) => claimsOf(notification, telling)),
    key(),
  );
  return { moreAvailable, sets: Object.fromEntries(told.map(({ jti }, n) => [jti, tokens[n]])) };
}
