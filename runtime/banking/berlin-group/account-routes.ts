import type { FastifyInstance, FastifyRequest } from "fastify";
import { BERLIN_GROUP_PATH, BerlinGroupError } from "../../service/berlin-group.ts";
import { contextOf, onlyFrom } from "../../service/mtls-server.ts";
import { accessOf, demand, type Access } from "../access.ts";
import { chosenAccounts, type AccountRoutesOptions } from "../account-routes.ts";
import type { Account, CoreBank } from "../core-bank.ts";
import { accountDetails, accountReference, balancesOf } from "./answers.ts";

interface OneAccount {
  readonly Params: { readonly accountId: string };
}
interface Balances {
  readonly withBalance?: unknown;
}

/** Accounts and balances (NextGenPSD2 1.3.11): only those the customer chose in the consent. */
export function berlinGroupAccounts(
  app: FastifyInstance,
  { bank, apiHost }: Pick<AccountRoutesOptions, "bank" | "apiHost">,
): void {
  const gateway = { preHandler: onlyFrom("gateway") };
  const path = `${BERLIN_GROUP_PATH}/accounts`;
  const shown = (request: FastifyRequest) => ({
    apiHost,
    withBalance: (request.query as Balances).withBalance === "true",
  });

  app.get(path, gateway, async (request) => {
    const access = consentedAccess(request, "ReadAccountsBasic", "ReadAccountsDetail");
    const accounts = await chosenAccounts(bank, access);
    return { accounts: accounts.map((account) => accountDetails(account, access, shown(request))) };
  });

  app.get<OneAccount>(`${path}/:accountId`, gateway, async (request) => {
    const access = consentedAccess(request, "ReadAccountsBasic", "ReadAccountsDetail");
    const account = await namedAccount(bank, access, request.params.accountId);
    return { account: accountDetails(account, access, shown(request)) };
  });

  app.get<OneAccount>(`${path}/:accountId/balances`, gateway, async (request) => {
    const access = consentedAccess(request, "ReadBalances");
    const account = await namedAccount(bank, access, request.params.accountId);
    return { account: accountReference(account, access), balances: balancesOf(account) };
  });
}

/**
 * The access of a call, once it is known that the consent gives one of some permissions, and that `Consent-ID` names
 * the consent its token was given for.
 *
 * @throws ObukError, BerlinGroupError otherwise.
 */
export function consentedAccess(request: FastifyRequest, ...permissions: readonly string[]): Access {
  const context = contextOf(request);
  const access = accessOf(context);
  const named = request.headers["consent-id"];
  if (named === undefined) {
    const text = "Consent-ID is missing: name the consent that the access token was given for.";
    throw new BerlinGroupError({ code: "FORMAT_ERROR", text, path: "Consent-ID" });
  }
  if (named !== context.consentId) {
    const text = "The access token was given for another consent.";
    throw new BerlinGroupError({ code: "CONSENT_UNKNOWN", text, path: "Consent-ID" });
  }
  demand(access, ...permissions);
  return access;
}

/**
 * One of the accounts the customer chose.
 *
 * @throws BerlinGroupError 404 for any other, be it somebody's or nobody's.
 */
export async function namedAccount(bank: CoreBank, access: Access, id: string): Promise<Account> {
  const account = (await chosenAccounts(bank, access)).find((each) => each.id === id);
  if (account !== undefined) return account;
  const text = "There is no such account in this consent.";
  throw new BerlinGroupError({ code: "RESOURCE_UNKNOWN", text });
}
