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

  async function data<T>(
    method: string,
    path: string,
    token: string,
    status: number,
    body?: unknown,
  ): Promise<T> {
    const answer = await call(method, path, token, body);
    if (answer.status === status) return (answer.body === "" ? {} : JSON.parse(answer.body).Data) as T;
    throw new StepFailed(`${method} ${path} was to answer ${status} and answered ${answer.status}`, {
      answer,
      next: "give the interaction id to the bank; its gateway logs why under it",
    });
  }

  const read = <T>(path: string, token: string) => data<T>("GET", path, token, 200);
  return {
    call,
    createConsent: async (token, permissions, expires) => {
      const wish = { Permissions: permissions, ExpirationDateTime: expires.toISOString() };
      const created = await data<{ ConsentId: string }>("POST", "/account-access-consents", token, 201, {
        Data: wish,
        Risk: {},
      });
      return created.ConsentId;
    },
    deleteConsent: (token, consentId) => data("DELETE", `/account-access-consents/${consentId}`, token, 204),
    accounts: async (token) => (await read<{ Account?: Account[] }>("/accounts", token)).Account ?? [],
    balances: async (token, id) =>
      (await read<{ Balance?: Balance[] }>(`/accounts/${id}/balances`, token)).Balance ?? [],
    transactions: async (token, id) =>
      (await read<{ Transaction?: Transaction[] }>(`/accounts/${id}/transactions`, token)).Transaction ?? [],
  };
}
