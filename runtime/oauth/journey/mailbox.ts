import type { Redis } from "ioredis";
import { digestText } from "../adapter/digest.ts";
import { CODE_SECONDS } from "./one-time-code.ts";

/** A one-time code on its way to a customer. */
export interface CodeMessage {
  readonly code: string;
  readonly consent: string;
  /** Name of the partner the consent is for: the customer must be able to notice a code she did not ask for. */
  readonly partner: string;
  /** Of a payment: how much goes to whom, such as `KES 1,200.50 to Kamau Stores`. */
  readonly pays?: string;
  /** RFC 3339. */
  readonly sentAt: string;
}

/** How codes reach customers. */
export interface CodeSender {
  send(customer: string, message: CodeMessage): Promise<void>;
}

/** The stand-in of the sandbox: keeps the newest code of each customer where live partners can read it. */
export interface Mailbox extends CodeSender {
  newest(customer: string): Promise<CodeMessage | undefined>;
}

/** @throws Error in production, where a code that partners can read is no second factor. */
export function createMailbox(redis: Redis, environment: "production" | "sandbox"): Mailbox {
  if (environment === "production") {
    throw new Error(
      "The mailbox is a stand-in for sandboxes and refuses to start in production; configure channels: the bank's own way to send codes to customers (docs/contracts/wekeza-channels.yaml).",
    );
  }
  const keyOf = (customer: string): string => `mailbox:${digestText(customer)}`;
  return {
    async send(customer, message) {
      await redis.set(keyOf(customer), JSON.stringify(message), "EX", CODE_SECONDS);
    },
    async newest(customer) {
      const text = await redis.get(keyOf(customer));
      return text === null ? undefined : (JSON.parse(text) as CodeMessage);
    },
  };
}
