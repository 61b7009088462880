import { randomUUID } from "node:crypto";
import { StepFailed } from "./failure.ts";
import type { Exchange, Http } from "./http.ts";

/** Path of the account information API, Open Banking UK 4.0. */
export const AISP = "/open-banking/v4.0/aisp";

/** An account as far as the quickstart shows it. */
export interface Account {
  readonly AccountId: string;
  readonly Currency: string;
  readonly Description?: string;
  readonly Nickname?: string;
  readonly Account?: readonly { readonly Identification: string; readonly Name?: string }[];
}

export interface Amount {
  readonly Amount: string;
  readonly Currency: string;
}

export interface Balance {
  readonly AccountId: string;
  readonly CreditDebitIndicator: "Credit" | "Debit";
  readonly Type: string;
  readonly Amount: Amount;
}

export interface Transaction {
  readonly AccountId: string;
  readonly CreditDebitIndicator: "Credit" | "Debit";
  readonly BookingDateTime: string;
  readonly Amount: Amount;
  readonly TransactionInformation?: string;
}

/** The bank's account information API, as one partner calls it. */
export interface AccountApi {
  /** Asks for a consent; the customer has not seen it yet. @returns its id. */
  createConsent(token: string, permissions: readonly string[], expires: Date): Promise<string>;
  deleteConsent(token: string, consentId: string): Promise<void>;
  accounts(token: string): Promise<readonly Account[]>;
  balances(token: string, accountId: string): Promise<readonly Balance[]>;
  transactions(token: string, accountId: string): Promise<readonly Transaction[]>;
  /** Any call, whatever comes back. */
  call(method: string, path: string, token: string | undefined, body?: unknown): Promise<Exchange>;
}

/** @param host as `api.east-africa.openbanking.test`. */
export function accountApi(host: string, http: Http): AccountApi {
  async function call(
    method: string,
    path: string,
    token: string | undefined,
    body?: unknown,
  ): Promise<Exchange> {
    return http.send(`https://${host}${AISP}${path}`, {
      method,
      headers: {
        accept: "application/json",
        "x-fapi-interaction-id": randomUUID(),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  }

  /** The body of the answer that was to come. @throws StepFailed when another came. */
  async function expected<T>(status: number, answer: Exchange): Promise<Page<T>> {
    if (answer.status === status) return answer.body === "" ? {} : (JSON.parse(answer.body) as Page<T>);
    throw new StepFailed(
      `${answer.method} ${answer.url} was to answer ${status} and answered ${answer.status}`,
      {
        answer,
        next: "give the interaction id to the bank; its gateway logs why under it",
      },
    );
  }

  /** Every entry of a list, page by page as `Links.Next` says. */
  async function read<T>(name: string, path: string, token: string): Promise<readonly T[]> {
    const entries: T[] = [];
    let next: string | undefined = path;
    for (let pages = 0; next !== undefined && pages < MAX_PAGES; pages += 1) {
      const page: Page<Record<string, readonly T[]>> = await expected(200, await call("GET", next, token));
      entries.push(...(page.Data?.[name] ?? []));
      next = page.Links?.Next?.split(AISP)[1];
    }
    return entries;
  }

  return {
    call,
    createConsent: async (token, permissions, expires) => {
      const wish = { Permissions: permissions, ExpirationDateTime: expires.toISOString() };
      const answer = await call("POST", "/account-access-consents", token, { Data: wish, Risk: {} });
      const { Data } = await expected<{ readonly ConsentId: string }>(201, answer);
      if (Data === undefined)
        throw new StepFailed("the consent has no id", { answer, next: "tell the bank" });
      return Data.ConsentId;
    },
    deleteConsent: async (token, consentId) => {
      await expected(204, await call("DELETE", `/account-access-consents/${consentId}`, token));
    },
    accounts: (token) => read("Account", "/accounts", token),
    balances: (token, id) => read("Balance", `/accounts/${id}/balances`, token),
    transactions: (token, id) => read("Transaction", `/accounts/${id}/transactions`, token),
  };
}

/** What every body of the standard is made of. */
interface Page<T> {
  readonly Data?: T;
  readonly Links?: { readonly Next?: string };
}

/** Pages after which a list is long enough for a quickstart. */
const MAX_PAGES = 50;
