import { timingSafeEqual } from "node:crypto";
import type { FastifyReply } from "fastify";
import type { Page } from "./layout.ts";

/** Answers with a page. */
export async function send(
  reply: FastifyReply,
  status: number,
  { body, headers }: Page,
): Promise<FastifyReply> {
  return await reply.status(status).headers(headers).send(body);
}

/** Whether a secret that was sent is the one that was given out; takes as long for any of its length. */
export function sameText(given: unknown, wanted: string): boolean {
  if (typeof given !== "string") return false;
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
