import { randomUUID } from "node:crypto";
import type { Account, Amount } from "./account-api.ts";
import type { Exchange } from "./http.ts";
import type { Session } from "./session.ts";

/** Path of the payment initiation API, Open Banking UK 4.0. */
export const PISP = "/open-banking/v4.0/pisp";

/** A call of the payment initiation API. */
export interface PaymentCall {
  /** Below {@link PISP}. */
  readonly path: string;
  readonly token: string;
  /** Sent with POST; without it the call is a GET. */
  readonly body?: object;
  /** New for each call when absent. */
  readonly key?: string;
}

/** Calls the payment initiation API, whatever comes back. */
export function callPayments(
  { http, group }: Session,
  { path, token, body, key = randomUUID() }: PaymentCall,
): Promise<Exchange> {
  return http.send(`https://${group.api}${PISP}${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: {
      accept: "application/json",
      authorization: `Bearer ${token}`,
      "x-fapi-interaction-id": randomUUID(),
      ...(body === undefined ? {} : { "content-type": "application/json", "x-idempotency-key": key }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
}

/** A domestic payment as the partner asks for it (`OBDomestic2`, as far as it is used here). */
export interface Initiation {
  readonly InstructionIdentification: string;
  readonly EndToEndIdentification: string;
  readonly InstructedAmount: Amount;
  readonly DebtorAccount?: object | undefined;
  readonly CreditorAccount: {
    readonly SchemeName: string;
    readonly Identification: string;
    readonly Name: string;
  };
  readonly RemittanceInformation: { readonly Unstructured: readonly string[] };
}

/** A payment from an account to a shop at another bank. */
export function paymentFrom({ Account: [debtor] = [], Currency }: Account, amount: string): Initiation {
  return {
    InstructionIdentification: "instr-1",
    EndToEndIdentification: `e2e-${randomUUID().slice(0, 8)}`,
    InstructedAmount: { Amount: amount, Currency },
    DebtorAccount: debtor,
    CreditorAccount: {
      SchemeName: "UK.OBIE.IBAN",
      Identification: "DE75512108001245126199",
      Name: "Kamau Stores",
    },
    RemittanceInformation: { Unstructured: ["Invoice 7"] },
  };
}
