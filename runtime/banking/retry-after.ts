import type { FastifyInstance } from "fastify";

/** When to ask again while the bank's core is away, in seconds. */
const SOON = 5;

/** Tells whoever is refused for now when to ask again (RFC 9110 section 10.2.3). */
export function tellWhenToAskAgain(app: FastifyInstance): void {
  app.addHook("onSend", async (_request, reply, payload) => {
    if (reply.statusCode === 503 && !reply.hasHeader("retry-after")) reply.header("retry-after", SOON);
    return payload;
  });
}
