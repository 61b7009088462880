import type { FastifyInstance, FastifyRequest } from "fastify";
import { contextOf, onlyFrom } from "../../service/mtls-server.ts";
import { ObukError } from "../../service/obuk-error.ts";
import type { Queries } from "../../service/postgres.ts";
import { accessOf, demand, type Access } from "../access.ts";
import { AISP_PATH, chosenAccount, chosenAccounts, type AccountRoutesOptions } from "../account-routes.ts";
import { transactionAnswer } from "../answers.ts";
import type { Account } from "../core-bank.ts";
import { paymentsOf, payeesOf } from "../payments/store.ts";
import {
  beneficiaryAnswer,
  partyAnswer,
  productAnswer,
  scheduledPaymentAnswer,
  standingOrderAnswer,
} from "./answers.ts";
import { statementAnswer, statementsOf, type Statement } from "./statements.ts";

/** What is read of accounts besides balances and transactions. */
export interface ResourceRoutesOptions extends AccountRoutesOptions {
  readonly database: Queries;
}

/** A list that is there for one account and for all. */
interface Resource {
  readonly one?: string;
  readonly all?: string;
  /** Member of `Data`. */
  readonly member: string;
  readonly permissions: readonly string[];
  readonly items: (
    accounts: readonly Account[],
    access: Access,
  ) => Promise<readonly object[]> | readonly object[];
}

interface Params {
  readonly Params: { readonly accountId: string; readonly statementId: string };
}

/** Transactions of one statement at most. */
const MOST = 1_000;

/** The rest of account information (Open Banking UK 4.0): all of it is read from the ledger and from payments. */
export function resourceRoutes(
  app: FastifyInstance,
  { bank, clock, apiHost, database }: ResourceRoutesOptions,
): void {
  const gateway = { preHandler: onlyFrom("gateway") };
  const answer = (request: FastifyRequest, data: object): object => ({
    Data: data,
    Links: { Self: `https://${apiHost}${request.url.split("?", 1)[0]}` },
    Meta: { TotalPages: 1 },
  });
  const consented = (request: FastifyRequest, permissions: readonly string[]): Access => {
    const access = accessOf(contextOf(request));
    demand(access, ...permissions);
    return access;
  };
  const ids = (accounts: readonly Account[]): readonly string[] => accounts.map(({ id }) => id);

  for (const { one, all, member, permissions, items } of resources()) {
    if (one !== undefined) {
      app.get<Params>(`${AISP_PATH}/accounts/:accountId/${one}`, gateway, async (request) => {
        const access = consented(request, permissions);
        const account = await chosenAccount(bank, access, request.params.accountId);
        return answer(request, { [member]: await items([account], access) });
      });
    }
    if (all !== undefined) {
      app.get(`${AISP_PATH}/${all}`, gateway, async (request) => {
        const access = consented(request, permissions);
        return answer(request, { [member]: await items(await chosenAccounts(bank, access), access) });
      });
    }
  }

  function resources(): readonly Resource[] {
    return [
      {
        one: "beneficiaries",
        all: "beneficiaries",
        member: "Beneficiary",
        permissions: ["ReadBeneficiariesBasic", "ReadBeneficiariesDetail"],
        items: async (accounts, access) =>
          (await payeesOf(database, ids(accounts))).map((payee) => beneficiaryAnswer(payee, access)),
      },
      {
        one: "standing-orders",
        all: "standing-orders",
        member: "StandingOrder",
        permissions: ["ReadStandingOrdersBasic", "ReadStandingOrdersDetail"],
        items: async (accounts, access) =>
          (
            await paymentsOf(database, ids(accounts), [
              "domestic-standing-order",
              "international-standing-order",
            ])
          ).map((payment) => standingOrderAnswer(payment, access)),
      },
      {
        one: "scheduled-payments",
        all: "scheduled-payments",
        member: "ScheduledPayment",
        permissions: ["ReadScheduledPaymentsBasic", "ReadScheduledPaymentsDetail"],
        items: async (accounts, access) =>
          (
            await paymentsOf(database, ids(accounts), [
              "domestic-scheduled-payment",
              "international-scheduled-payment",
            ])
          )
            .filter(({ nextAt }) => nextAt !== undefined)
            .map((payment) => scheduledPaymentAnswer(payment, access)),
      },
      // The embedded core collects no direct debits and makes no offers: lists without entries, as the standard asks.
      {
        one: "direct-debits",
        all: "direct-debits",
        member: "DirectDebit",
        permissions: ["ReadDirectDebits"],
        items: () => [],
      },
      { one: "offers", all: "offers", member: "Offer", permissions: ["ReadOffers"], items: () => [] },
      {
        one: "product",
        all: "products",
        member: "Product",
        permissions: ["ReadProducts"],
        items: (accounts) => accounts.map(productAnswer),
      },
      {
        one: "parties",
        member: "Party",
        permissions: ["ReadParty"],
        items: (accounts, { customer }) => accounts.map(({ holder }) => partyAnswer(customer, holder)),
      },
      {
        one: "statements",
        all: "statements",
        member: "Statement",
        permissions: ["ReadStatementsBasic", "ReadStatementsDetail"],
        items: (accounts, access) =>
          accounts.flatMap((account) => statementsOf(account, access.period(clock())).map(statementAnswer)),
      },
    ];
  }

  app.get<Params>(`${AISP_PATH}/accounts/:accountId/party`, gateway, async (request) => {
    const access = consented(request, ["ReadParty"]);
    const { holder } = await chosenAccount(bank, access, request.params.accountId);
    return answer(request, { Party: partyAnswer(access.customer, holder) });
  });

  app.get(`${AISP_PATH}/party`, gateway, async (request) => {
    const access = consented(request, ["ReadPartyPSU"]);
    const [account] = await chosenAccounts(bank, access);
    return answer(
      request,
      account === undefined ? {} : { Party: partyAnswer(access.customer, account.holder) },
    );
  });

  const statement = async (
    request: FastifyRequest<Params>,
    access: Access,
  ): Promise<readonly [Account, Statement]> => {
    const { accountId, statementId } = request.params;
    const account = await chosenAccount(bank, access, accountId);
    const found = statementsOf(account, access.period(clock())).find(({ id }) => id === statementId);
    if (found !== undefined) return [account, found];
    const message = "There is no such statement in the period of this consent.";
    throw new ObukError(400, { reason: "NotFound", message, path: "StatementId" });
  };
  const transactions = async ({ account, period }: Statement, access: Access): Promise<readonly object[]> => {
    const page = await bank.transactions({
      accounts: [account],
      ...period,
      credits: access.may("ReadTransactionsCredits"),
      debits: access.may("ReadTransactionsDebits"),
      limit: MOST,
    });
    return (page?.transactions ?? []).map((each) => transactionAnswer(each, access));
  };
  const path = `${AISP_PATH}/accounts/:accountId/statements/:statementId`;

  app.get<Params>(path, gateway, async (request) => {
    const access = consented(request, ["ReadStatementsBasic", "ReadStatementsDetail"]);
    const [, found] = await statement(request, access);
    return answer(request, { Statement: [statementAnswer(found)] });
  });

  app.get<Params>(`${path}/transactions`, gateway, async (request) => {
    const access = consented(request, ["ReadTransactionsBasic", "ReadTransactionsDetail"]);
    const [, found] = await statement(request, access);
    return answer(request, { Transaction: await transactions(found, access) });
  });

  app.get<Params>(`${path}/file`, gateway, async (request, reply) => {
    const access = consented(request, ["ReadStatementsDetail"]);
    const [account, found] = await statement(request, access);
    const { scheme, identification, holder } = account;
    reply.header("content-disposition", `attachment; filename="statement-${found.id}.json"`);
    return {
      Account: { SchemeName: scheme, Identification: identification, Name: holder },
      Statement: statementAnswer(found),
      Transaction: await transactions(found, access),
    };
  });
}
