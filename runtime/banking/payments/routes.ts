import { randomUUID } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { CallContext } from "../../service/context.ts";
import { IDEMPOTENCY_KEY, idempotencyKey } from "../../service/idempotency.ts";
import { contextOf, onlyFrom } from "../../service/mtls-server.ts";
import { ObukError } from "../../service/obuk-error.ts";
import { accountOf, CoreUnavailable, type CoreBank } from "../core-bank.ts";
import { detailsAnswer, paymentAnswer, reportFile } from "./answer.ts";
import { PAYMENT_KINDS, PISP_PATH, type KindOfPayment } from "./kinds.ts";
import type { Payment } from "./payment.ts";
import type { Payments } from "./payments.ts";
import type { Rates } from "./rates.ts";
import { readPayment } from "./request.ts";

/** What the partner's side of payments needs. */
export interface PaymentRoutesOptions {
  readonly bank: CoreBank;
  readonly payments: Payments;
  readonly rates: Rates;
  readonly clock: () => Date;
  readonly apiHost: string;
}

interface One {
  readonly Params: { readonly id: string };
}

/** Initiating payments of every kind, and looking at what became of them (Open Banking UK 4.0, PIS and VRP). */
export function paymentRoutes(app: FastifyInstance, options: PaymentRoutesOptions): void {
  for (const kind of PAYMENT_KINDS) routesOf(app, kind, options);
}

function routesOf(
  app: FastifyInstance,
  kind: KindOfPayment,
  { bank, payments, rates, clock, apiHost }: PaymentRoutesOptions,
): void {
  const gateway = { preHandler: onlyFrom("gateway") };
  const path = `${PISP_PATH}/${kind.resource}`;

  const answer = async (payment: Payment): Promise<object> => {
    const payer = await accountOf(bank, payment.customer, payment.account).catch((error: unknown) => {
      // How a payment stands is known here: while the core is away it is told without the payer's name.
      if (error instanceof CoreUnavailable) return undefined;
      throw error;
    });
    return paymentAnswer(payment, { apiHost, payer, rates });
  };
  const owned = async (request: FastifyRequest<One>): Promise<Payment> => {
    const { clientId } = contextOf(request);
    const payment = await payments.find(request.params.id);
    // Another partner's and none at all look the same to whoever guesses; both are 400, says the standard.
    if (payment?.kind !== kind.kind || payment.clientId !== clientId) {
      throw new ObukError(400, {
        reason: "NotFound",
        message: "There is no such payment.",
        path: kind.idName,
      });
    }
    return payment;
  };

  app.post(path, gateway, async (request, reply) => {
    const context = contextOf(request);
    const key = idempotencyKey(request.headers[IDEMPOTENCY_KEY]);
    const asked = readPayment(kind, request.body);
    ofConsent(context, asked.consentId);
    const { clientId, customer = "", consent } = context;
    const resource = `${kind.prefix}-${randomUUID().replaceAll("-", "")}`;
    const payment = await payments.submit({
      kind: kind.kind,
      claim: { clientId, path, key, body: request.body, resource, at: clock() },
      payer: { customer, account: consent?.accounts[0] ?? "" },
      ...asked,
    });
    return reply.status(201).send(await answer(payment));
  });

  app.get<One>(`${path}/:id`, gateway, async (request) => answer(await owned(request)));

  app.get<One>(`${path}/:id/payment-details`, gateway, async (request) => {
    const payment = await owned(request);
    return detailsAnswer(payment, await payments.transfers(payment.id), apiHost);
  });

  if (kind.when !== "file") return;
  app.get<One>(`${path}/:id/report-file`, gateway, async (request) => {
    const payment = await owned(request);
    return reportFile(payment, await payments.transfers(payment.id));
  });
}

/**
 * Makes sure that a token is the one of the consent that a request names.
 *
 * @throws ObukError 400 when it is another's.
 */
export function ofConsent({ consentId }: CallContext, named: string): void {
  if (consentId === named) return;
  const message = "The access token was given for another consent.";
  throw new ObukError(400, { reason: "ConsentMismatch", message, path: "Data.ConsentId" });
}
