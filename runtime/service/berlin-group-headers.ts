import type { FastifyInstance } from "fastify";
import { BerlinGroupError, isBerlinGroupPath, REQUEST_ID } from "./berlin-group.ts";
import { isInteractionId } from "./interaction-id.ts";

/** Demands `X-Request-ID` on every path of the Berlin Group, and repeats it in the answer, be it a refusal. */
export function requestIds(app: FastifyInstance): void {
  app.addHook("onRequest", async (request, reply) => {
    if (!isBerlinGroupPath(request.url)) return;
    const id = request.headers[REQUEST_ID];
    if (isInteractionId(id)) {
      reply.header(REQUEST_ID, id);
      return;
    }
    const text = "X-Request-ID must be a UUID that is new for each call.";
    throw new BerlinGroupError({ code: "FORMAT_ERROR", text, path: "X-Request-ID" });
  });
}
