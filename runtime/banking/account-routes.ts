import type { FastifyInstance, FastifyRequest } from "fastify";
import { contextOf, onlyFrom } from "../service/mtls-server.ts";
import { ObukError } from "../service/obuk-error.ts";
import { accessOf, demand, type Access } from "./access.ts";
import { accountAnswer, balanceAnswers } from "./answers.ts";
import type { Account, CoreBank } from "./core-bank.ts";

/** Where partners find account information, below the API's host. */
export const AISP_PATH = "/open-banking/v4.0/aisp";

/** What the partner's side of accounts needs. */
export interface AccountRoutesOptions {
  readonly bank: CoreBank;
  readonly clock: () => Date;
  /** Host of the API, for links. */
  readonly apiHost: string;
}

interface OneAccount {
  readonly Params: { readonly accountId: string };
}

/** Accounts and balances (Open Banking UK 4.0): only those the customer chose in the consent. */
export function accountRoutes(app: FastifyInstance, { bank, clock, apiHost }: AccountRoutesOptions): void {
  const gateway = { preHandler: onlyFrom("gateway") };
  const answer = (request: FastifyRequest, data: object): object => ({
    Data: data,
    Links: { Self: `https://${apiHost}${request.url.split("?", 1)[0]}` },
    Meta: { TotalPages: 1 },
  });
  const consented = (request: FastifyRequest, ...permissions: readonly string[]): Access => {
    const access = accessOf(contextOf(request));
    demand(access, ...permissions);
    return access;
  };

  app.get(`${AISP_PATH}/accounts`, gateway, async (request) => {
    const access = consented(request, "ReadAccountsBasic", "ReadAccountsDetail");
    const accounts = await chosenAccounts(bank, access);
    return answer(request, { Account: accounts.map((account) => accountAnswer(account, access)) });
  });

  app.get<OneAccount>(`${AISP_PATH}/accounts/:accountId`, gateway, async (request) => {
    const access = consented(request, "ReadAccountsBasic", "ReadAccountsDetail");
    const account = await chosenAccount(bank, access, request.params.accountId);
    return answer(request, { Account: [accountAnswer(account, access)] });
  });

  app.get(`${AISP_PATH}/balances`, gateway, async (request) => {
    const accounts = await chosenAccounts(bank, consented(request, "ReadBalances"));
    return answer(request, { Balance: accounts.flatMap((account) => balanceAnswers(account, clock())) });
  });

  app.get<OneAccount>(`${AISP_PATH}/accounts/:accountId/balances`, gateway, async (request) => {
    const access = consented(request, "ReadBalances");
    const account = await chosenAccount(bank, access, request.params.accountId);
    return answer(request, { Balance: balanceAnswers(account, clock()) });
  });
}

/** The accounts the customer chose and still holds. */
export async function chosenAccounts(
  bank: CoreBank,
  { customer, accounts }: Access,
): Promise<readonly Account[]> {
  return (await bank.accountsOf(customer)).filter(({ id }) => accounts.includes(id));
}

/**
 * One of the accounts the customer chose.
 *
 * @throws ObukError 400 for one that does not exist (never 404, says the standard), 403 for one outside of the consent.
 */
export async function chosenAccount(bank: CoreBank, access: Access, id: string): Promise<Account> {
  const account = (await chosenAccounts(bank, access)).find((each) => each.id === id);
  if (account !== undefined) return account;
  if (await bank.exists(id)) {
    const message = "The account is not among those the customer chose in this consent.";
    throw new ObukError(403, { reason: "ConsentMismatch", message, path: "AccountId" });
  }
  throw new ObukError(400, { reason: "NotFound", message: "There is no such account.", path: "AccountId" });
}
