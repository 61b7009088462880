import { demoCustomer } from "../../cli/quickstart/demo-customers.ts";
import type { Exchange } from "../../cli/quickstart/http.ts";
import { callPayments } from "../../cli/quickstart/payment-api.ts";
import type { Session } from "../../cli/quickstart/session.ts";
import { obukDefinitions, obukOperations } from "../../runtime/service/testing/obuk-definitions.ts";

const BASE = "/open-banking/v4.0";

/** A consent to one domestic payment, and the token that pays by it. */
export interface GivenPayment {
  readonly consentId: string;
  readonly token: string;
  /** What the partner sends to pay. */
  readonly body: object;
}

/** Asks for a consent to a domestic payment; the customer has not seen it yet. @returns its id. */
export async function askedPayment(session: Session, initiation: object): Promise<string> {
  const own = await session.authorization.clientToken("payments");
  const asked = await callPayments(session, {
    path: "/domestic-payment-consents",
    token: own.accessToken,
    body: { Data: { Initiation: initiation }, Risk: {} },
  });
  if (asked.status !== 201) throw new Error(`The consent was answered ${asked.status}: ${asked.body}`);
  const { Data } = JSON.parse(asked.body) as { readonly Data: { readonly ConsentId: string } };
  return Data.ConsentId;
}

/** From nothing to a token that pays: a consent asked for, pushed, given on the bank's page and exchanged. */
export async function givenPayment(session: Session, initiation: object): Promise<GivenPayment> {
  const { authorization, group } = session;
  const consentId = await askedPayment(session, initiation);
  const pushed = await authorization.push(consentId, "payments");
  const { callback } = await session.consent(demoCustomer(group), pushed);
  const { accessToken } = await authorization.exchange(callback, pushed);
  const body = { Data: { ConsentId: consentId, Initiation: initiation }, Risk: {} };
  return { consentId, token: accessToken, body };
}

/** What is wrong with answers of the payment API by its public definition; undefined when that is not here. */
export function paymentFaults(exchanges: readonly Exchange[]): readonly string[] | undefined {
  const operations = obukOperations("payment-initiation");
  const check = obukDefinitions("payment-initiation");
  if (operations === undefined || check === undefined) return undefined;
  return exchanges.flatMap(({ method, url, status, body }) => {
    const path = new URL(url).pathname.slice(BASE.length);
    const operation = operations.find(
      (each) =>
        each.method === method && new RegExp(`^${each.path.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(path),
    );
    const schema = operation?.responses[String(status)];
    if (schema === undefined) return [`${method} ${path} has no answer ${status} in the definition`];
    if (schema === "")
      return body === "" ? [] : [`${method} ${path} ${status} has no body in the definition`];
    return check(schema, JSON.parse(body)).map((fault) => `${method} ${path} ${status}${fault}`);
  });
}
