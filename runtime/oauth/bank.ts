import { Type, type Static } from "typebox";
import { Value } from "typebox/value";
import type { Upstream } from "../service/mtls-client.ts";

/** An account as the customer recognises it. */
export const BankAccount = Type.Object({
  accountId: Type.String(),
  currency: Type.String(),
  /** What she calls it, such as "Savings". */
  nickname: Type.Optional(Type.String()),
  /** Its number, as far as it may be shown. */
  identification: Type.Optional(Type.String()),
  /** Its number in full and whose it is, to pay from; never shown. */
  scheme: Type.Optional(Type.String()),
  number: Type.Optional(Type.String()),
  holder: Type.Optional(Type.String()),
});
export type BankAccount = Static<typeof BankAccount>;

const Accounts = Type.Object({ accounts: Type.Array(BankAccount) });
const Login = Type.Object({ customer: Type.String({ minLength: 1 }) });

/** The bank's own knowledge of its customers, kept by the banking service. */
export interface Bank {
  /** The customer with these credentials, or undefined. */
  login(username: string, password: string): Promise<string | undefined>;
  accounts(customer: string): Promise<readonly BankAccount[]>;
}

/** The bank over the banking service's internal API. Every function throws when it gives no usable answer. */
export function bankOf(upstream: Upstream): Bank {
  return {
    async login(username, password) {
      const body = { json: { username, password } };
      const answer = await upstream.request({ method: "POST", path: "/internal/login", body });
      if (answer.status === 401) return undefined;
      const value: unknown = answer.status === 200 ? answer.json() : undefined;
      if (!Value.Check(Login, value))
        throw new Error(`${upstream.origin} answered ${answer.status} to a login.`);
      return value.customer;
    },
    async accounts(customer) {
      const path = `/internal/customers/${encodeURIComponent(customer)}/accounts`;
      const answer = await upstream.request({ method: "GET", path });
      const value: unknown = answer.status === 200 ? answer.json() : undefined;
      if (!Value.Check(Accounts, value))
        throw new Error(`${upstream.origin} gave no accounts (${answer.status}).`);
      return value.accounts;
    },
  };
}
