import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { contextOf, onlyFrom } from "../service/mtls-server.ts";
import { Problem } from "../service/problem.ts";
import type { NotificationStore } from "./notification-store.ts";
import type { Delivery, DeliveryLog } from "./webhook/delivery-log.ts";

/** Where a partner sees what became of its notifications, below the API's host; not of the standard. */
export const DELIVERIES_PATH = "/events/v1/deliveries";
export const REPLAYS_PATH = "/events/v1/replays";

/** What the routes work with. */
export interface LogRoutesOptions {
  readonly notifications: NotificationStore;
  readonly deliveries: DeliveryLog;
}

const RFC3339 = Type.String({ format: "date-time" });
const replayRequest = Compile(Type.Object({ from: RFC3339, to: RFC3339 }, { additionalProperties: false }));

/** A partner's own delivery log, and what it missed once more. */
export function logRoutes(app: FastifyInstance, { notifications, deliveries }: LogRoutesOptions): void {
  const gateway = { preHandler: onlyFrom("gateway") };

  app.get<{ Querystring: { before?: string } }>(DELIVERIES_PATH, gateway, async (request) => {
    const { before } = request.query;
    if (before !== undefined && !/^\d{1,18}$/.test(before))
      throw new Problem(400, "RequestInvalid", "before must be the number of a delivery, or not be there.");
    const found = await deliveries.of(contextOf(request).clientId, before);
    return { deliveries: found.map(answer) };
  });

  app.post(REPLAYS_PATH, gateway, async (request, reply) => {
    const { clientId } = contextOf(request);
    if (!replayRequest.Check(request.body))
      throw new Problem(
        400,
        "RequestInvalid",
        "The request must carry from and to, each a date and time with a zone.",
      );
    const { from, to } = request.body;
    const replayed = await notifications.replay(clientId, { from: new Date(from), to: new Date(to) });
    return reply.status(202).send({ notifications: replayed });
  });
}

function answer({ number, jti, at, url, attempt, outcome, status, durationMs }: Delivery): object {
  return {
    number,
    jti,
    at: at.toISOString(),
    url,
    attempt,
    outcome,
    ...(status === undefined ? {} : { status }),
    durationMs,
  };
}
