import type { FastifyRequest } from "fastify";
import { IDEMPOTENCY_KEY, idempotencyKey, type Claim } from "../service/idempotency.ts";

/**
 * The claim of a request that must take effect once.
 *
 * @param body what makes two requests the same; the request's own unless given.
 * @throws ObukError 400 without a usable `x-idempotency-key`.
 */
export function claimOf(
  request: FastifyRequest,
  { body = request.body, ...rest }: Pick<Claim, "clientId" | "resource" | "at"> & { readonly body?: unknown },
): Claim {
  const path = request.url.split("?", 1)[0] ?? "";
  return { ...rest, path, key: idempotencyKey(request.headers[IDEMPOTENCY_KEY]), body };
}
