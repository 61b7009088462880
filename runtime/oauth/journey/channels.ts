import { createHash } from "node:crypto";
import type { Upstream } from "../../service/mtls-client.ts";
import type { CodeSender } from "./mailbox.ts";
import { CODE_SECONDS } from "./one-time-code.ts";

/** The bank's channels gave no usable answer; the customer may ask for another code. */
export class NotDelivered extends Error {
  override readonly name = "NotDelivered";
}

/**
 * Codes over the bank's own channels: the HTTP contract `docs/contracts/wekeza-channels.yaml`.
 *
 * `send` throws {@link NotDelivered} unless the bank took the message.
 */
export function channelsOf(upstream: Upstream): CodeSender {
  return {
    async send(customer, message) {
      const { code, consent, partner, pays, sentAt } = message;
      const expiresAt = new Date(Date.parse(sentAt) + CODE_SECONDS * 1000).toISOString();
      const json = {
        customer,
        code,
        partner,
        consent,
        ...(pays === undefined ? {} : { pays }),
        sentAt,
        expiresAt,
      };
      // The key says which message it is and nothing of the code.
      const key = createHash("sha256")
        .update(JSON.stringify([customer, consent, sentAt]))
        .digest("hex");
      const { status } = await upstream.request({
        method: "POST",
        path: "/v1/one-time-codes",
        headers: { "idempotency-key": key },
        body: { json },
      });
      if (status !== 202)
        throw new NotDelivered(`${upstream.origin} answered ${status} to a code for customer ${customer}.`);
    },
  };
}
