import type { CreditTransfer } from "../../iso20022/messages.ts";
import { initiationOf } from "../../iso20022/pain.ts";
import { parseXml } from "../../iso20022/xml.ts";
import { minorOf, orderOf } from "./orders.ts";
import type { Members, Order } from "./payment.ts";

/**
 * The orders in a file of payments; the consent service has checked its hash, number and sum.
 *
 * `UK.OBIE.pain.001.*` is XML (ISO 20022); `UK.OBIE.PaymentInitiation.*` is JSON, `{"Data": {"DomesticPayments": [initiation, …]}}`.
 *
 * @returns one entry for each line; undefined for a line that cannot be paid. Undefined as a whole when it is no such file.
 */
export function ordersOfFile(content: Buffer): readonly (Order | undefined)[] | undefined {
  try {
    const text = content.toString("utf8");
    if (text.trimStart().startsWith("<")) return initiationOf(parseXml(text)).transfers.map(orderOfTransfer);
    const file: unknown = JSON.parse(text);
    const lines = member(member(file, "Data"), "DomesticPayments");
    return Array.isArray(lines) ? lines.map(orderOfLine) : undefined;
  } catch {
    return undefined;
  }
}

function orderOfTransfer({ money, creditor, endToEndId, remittance }: CreditTransfer): Order | undefined {
  const { account, name } = creditor;
  const initiation = {
    EndToEndIdentification: endToEndId,
    CreditorAccount: { SchemeName: account.scheme, Identification: account.identification, Name: name },
    RemittanceInformation: { Unstructured: [...remittance] },
  };
  return orderOf(initiation, { Amount: money.amount, Currency: money.currency });
}

function orderOfLine(line: unknown): Order | undefined {
  const amount = member(line, "InstructedAmount");
  const [value, currency] = [member(amount, "Amount"), member(amount, "Currency")];
  if (typeof value !== "string" || typeof currency !== "string") return undefined;
  const read = { Amount: value, Currency: currency };
  return minorOf(read) === undefined ? undefined : orderOf(line as Members, read);
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Members)[name] : undefined;
}
