import { randomUUID } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type, type Static } from "typebox";
import { Compile } from "typebox/compile";
import type { CallContext } from "../../service/context.ts";
import { contextOf, onlyFrom } from "../../service/mtls-server.ts";
import { ObukError } from "../../service/obuk-error.ts";
import type { Database } from "../../service/postgres.ts";
import { accountOf } from "../core-bank.ts";
import { PISP_PATH } from "./kinds.ts";
import { sumsOf } from "./sums.ts";
import { minorOf } from "./orders.ts";
import { checked } from "./request.ts";
import { ofConsent, type PaymentRoutesOptions } from "./routes.ts";

/** Where card issuers ask, below the API's host. */
export const CBPII_PATH = "/open-banking/v4.0/cbpii";

const strict = { additionalProperties: false };
const Amount = Type.Object(
  {
    Amount: Type.String({ pattern: "^\\d{1,13}$|^\\d{1,13}\\.\\d{1,5}$" }),
    Currency: Type.String({ pattern: "^[A-Z]{3}$" }),
  },
  strict,
);
type Amount = Static<typeof Amount>;
const ConsentId = Type.String({ minLength: 1, maxLength: 128 });
const Reference = Type.String({ minLength: 1, maxLength: 35 });

const confirmation = Compile(
  Type.Object({ Data: Type.Object({ ConsentId, Reference, InstructedAmount: Amount }, strict) }, strict),
);
const recurring = Compile(
  Type.Object(
    {
      Data: Type.Object({ ConsentId, Reference: Type.Optional(Reference), InstructedAmount: Amount }, strict),
    },
    strict,
  ),
);

/** Kinds whose consent names the amount. */
const ONE_AMOUNT = ["domestic-payment", "international-payment", "international-scheduled-payment"];

interface OfConsent {
  readonly Params: { readonly consentId: string };
}

/** Whether there is money enough (Open Banking UK 4.0: PIS, VRP and CBPII): yes or no, and nothing else about it. */
export function fundsRoutes(
  app: FastifyInstance,
  { bank, rates, clock, apiHost, database }: PaymentRoutesOptions & { readonly database: Database },
): void {
  const gateway = { preHandler: onlyFrom("gateway") };

  const enough = async ({ customer, consent }: CallContext, amount: Amount): Promise<boolean> => {
    const account = await accountOf(bank, customer ?? "", consent?.accounts[0] ?? "");
    const minor = minorOf(amount);
    if (account === undefined || minor === undefined || account.status !== "Enabled") return false;
    const asked = {
      amount: minor,
      currency: amount.Currency,
      creditCurrency: amount.Currency,
      agreedRate: undefined,
    };
    const sums = sumsOf(asked, account.currency, rates);
    return sums !== undefined && account.balance + account.overdraft >= sums.debit;
  };
  const self = (request: FastifyRequest): string => `https://${apiHost}${request.url.split("?", 1)[0]}`;

  for (const kind of ONE_AMOUNT) {
    const path = `${PISP_PATH}/${kind}-consents/:consentId/funds-confirmation`;
    app.get<OfConsent>(path, gateway, async (request) => {
      const context = contextOf(request);
      ofConsent(context, request.params.consentId);
      const amount = context.consent?.amount;
      if (amount === undefined) {
        throw new ObukError(400, { reason: "ConsentMismatch", message: "The consent names no amount." });
      }
      return {
        Data: {
          FundsAvailableResult: {
            FundsAvailableDateTime: clock().toISOString(),
            FundsAvailable: await enough(context, amount),
          },
        },
        Links: { Self: self(request) },
        Meta: {},
      };
    });
  }

  const vrp = `${PISP_PATH}/domestic-vrp-consents/:consentId/funds-confirmation`;
  app.post<OfConsent>(vrp, gateway, async (request, reply) => {
    const context = contextOf(request);
    const { Data } = checked(recurring, request.body);
    ofConsent(context, request.params.consentId);
    ofConsent(context, Data.ConsentId);
    const now = clock().toISOString();
    return reply.status(201).send({
      Data: {
        FundsConfirmationId: randomUUID(),
        ...Data,
        CreationDateTime: now,
        FundsAvailableResult: {
          FundsAvailableDateTime: now,
          FundsAvailable: (await enough(context, Data.InstructedAmount)) ? "Available" : "NotAvailable",
        },
      },
    });
  });

  app.post(`${CBPII_PATH}/funds-confirmations`, gateway, async (request, reply) => {
    const context = contextOf(request);
    const { Data } = checked(confirmation, request.body);
    ofConsent(context, Data.ConsentId);
    const [id, at] = [randomUUID(), clock()];
    await database.query(
      "insert into funds_confirmations (id, consent, reference, at) values ($1, $2, $3, $4)",
      [id, Data.ConsentId, Data.Reference, at],
    );
    return reply.status(201).send({
      Data: {
        FundsConfirmationId: id,
        ...Data,
        CreationDateTime: at.toISOString(),
        FundsAvailable: await enough(context, Data.InstructedAmount),
      },
      Links: { Self: self(request) },
      Meta: {},
    });
  });
}
