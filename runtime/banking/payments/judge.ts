import type { PaymentsOptions } from "./payments.ts";
import { type Judgement, verdictOf } from "./fraud.ts";
import { sumsOf } from "./sums.ts";
import type { Order } from "./payment.ts";
import { paidBefore } from "./store.ts";

/** Whether money may move: what the fraud service says, or while it says nothing, the declared rule. */
export async function judge(
  { database, fraud, rates }: PaymentsOptions,
  suspect: {
    readonly clientId: string;
    readonly customer: string;
    readonly account: string;
    readonly order: Order;
  },
): Promise<Judgement> {
  const { account, order } = suspect;
  const score = await fraud.score(suspect);
  if (score !== undefined) return { score, verdict: verdictOf(score, { euros: 0, payeeKnown: false }) };
  const worth = sumsOf({ ...order, agreedRate: undefined }, "EUR", rates);
  const verdict = verdictOf(undefined, {
    euros: worth === undefined ? Infinity : Number(worth.debit) / 100,
    payeeKnown: await paidBefore(database, account, order.creditor),
  });
  return { score, verdict };
}
