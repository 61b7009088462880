import type { FastifyInstance, FastifyReply } from "fastify";
import { contextOf, onlyFrom } from "../../service/mtls-server.ts";
import type { Queries } from "../../service/postgres.ts";
import { Problem } from "../../service/problem.ts";
import { receiptFor, type Reader } from "./receipt-store.ts";

/** Where partners get receipts, below the API's host; not of the standard. */
export const RECEIPTS_PATH = "/receipts/v1";

/** Seconds until a receipt is there that was promised: a checkpoint is signed a second after anything new. */
const SOON = 1;

/** Receipts, for partners and on customers' own pages. */
export function receiptRoutes(app: FastifyInstance, { database }: { readonly database: Queries }): void {
  app.get<{ Params: { id: string } }>(
    `${RECEIPTS_PATH}/:id`,
    { preHandler: onlyFrom("gateway") },
    async (request, reply) =>
      answer(database, reply, request.params.id, { client: contextOf(request).clientId }),
  );
  app.get<{ Params: { id: string; subject: string } }>(
    "/internal/customers/:id/receipts/:subject",
    { preHandler: onlyFrom("oauth") },
    async ({ params: { id, subject } }, reply) => answer(database, reply, subject, { customer: id }),
  );
}

/**
 * 200 with the receipt; 202 without a body while its checkpoint is being signed.
 *
 * @throws Problem 400 for what is not the reader's, as for what there is not: who guesses ids learns nothing.
 */
async function answer(
  database: Queries,
  reply: FastifyReply,
  id: string,
  reader: Reader,
): Promise<FastifyReply> {
  const receipt = await receiptFor(database, id, reader);
  if (receipt === undefined)
    throw new Problem(400, "ReceiptUnknown", "There is no consent or payment of this id of yours.");
  if (receipt === "NotProved")
    throw new Problem(400, "ReceiptNotProved", "The audit log has no proof of this, or no longer has one.");
  if (receipt === "Awaited") return reply.status(202).header("retry-after", String(SOON)).send();
  return reply.send(receipt);
}
