import type { Balance, CashAccount, CreditTransfer, Money, Party } from "./messages.ts";
import { at, childrenOf, element, type Element } from "./xml.ts";

/** The one namespace of a message's document. */
export function documentOf(message: string, root: Element): Element {
  return element("Document", [root], { xmlns: `urn:iso:std:iso:20022:tech:xsd:${message}` });
}

/** Words of an element. @throws when it is not there. */
export function words(parent: Element | undefined, ...path: readonly string[]): string {
  const found = at(parent, ...path);
  if (found === undefined) throw new Error(`The message has no ${path.join("/")}.`);
  return found.text;
}

/** Words of an element, or undefined. */
export function maybe(parent: Element | undefined, ...path: readonly string[]): string | undefined {
  return at(parent, ...path)?.text;
}

/** An element with words, or none. */
export function optional(name: string, text: string | undefined): Element | undefined {
  return text === undefined ? undefined : element(name, text);
}

/** An amount with its currency as attribute. */
export function moneyPart(name: string, { amount, currency }: Money): Element {
  return element(name, amount, { Ccy: currency });
}

/** The amount in an element. @throws when there is none, or it is no decimal number. */
export function moneyOf(parent: Element | undefined, ...path: readonly string[]): Money {
  const found = at(parent, ...path);
  const { text: amount = "", attributes: { Ccy: currency = "" } = {} } = found ?? {};
  if (!/^\d{1,18}(\.\d{1,5})?$/.test(amount) || !/^[A-Z]{3}$/.test(currency)) {
    throw new Error(`${path.join("/")} is no amount with a currency.`);
  }
  return { amount, currency };
}

const IBAN = "UK.OBIE.IBAN";

/** An account: an IBAN in its own element, any other number with its scheme. */
export function accountPart(name: string, { scheme, identification }: CashAccount): Element {
  const id =
    scheme === IBAN
      ? element("IBAN", identification)
      : element("Othr", [element("Id", identification), element("SchmeNm", [element("Prtry", scheme)])]);
  return element(name, [element("Id", [id])]);
}

/** The account in an element. */
export function accountOf(parent: Element | undefined): CashAccount {
  const iban = maybe(parent, "Id", "IBAN");
  if (iban !== undefined) return { scheme: IBAN, identification: iban };
  return {
    scheme: words(parent, "Id", "Othr", "SchmeNm", "Prtry"),
    identification: words(parent, "Id", "Othr", "Id"),
  };
}

/** A party and its account, as two elements: `Dbtr` and `DbtrAcct`. */
export function partyParts(name: "Dbtr" | "Cdtr", { name: called, account }: Party): readonly Element[] {
  return [element(name, [element("Nm", called)]), accountPart(`${name}Acct`, account)];
}

/** The party of two elements. */
export function partyOf(parent: Element | undefined, name: "Dbtr" | "Cdtr"): Party {
  return { name: words(parent, name, "Nm"), account: accountOf(at(parent, `${name}Acct`)) };
}

/** What a payment is for. */
export function remittancePart(lines: readonly string[]): Element | undefined {
  return lines.length === 0
    ? undefined
    : element(
        "RmtInf",
        lines.map((line) => element("Ustrd", line)),
      );
}

/** What a payment is for. */
export function remittanceOf(parent: Element | undefined): readonly string[] {
  return childrenOf(at(parent, "RmtInf"), "Ustrd").map(({ text }) => text);
}

/** Ids of a transfer. */
export function idsPart(
  { instructionId, endToEndId }: Pick<CreditTransfer, "instructionId" | "endToEndId">,
  transactionId?: string,
): Element {
  return element("PmtId", [
    optional("InstrId", instructionId),
    element("EndToEndId", endToEndId),
    optional("TxId", transactionId),
  ]);
}

/** A balance of a kind: `OPBD` opening, `CLBD` closing. */
export function balancePart(code: "OPBD" | "CLBD", { money, direction, date }: Balance): Element {
  return element("Bal", [
    element("Tp", [element("CdOrPrtry", [element("Cd", code)])]),
    moneyPart("Amt", money),
    element("CdtDbtInd", direction),
    element("Dt", [element("Dt", date)]),
  ]);
}

/** The balance of a kind. @throws when there is none. */
export function balanceOf(parent: Element | undefined, code: "OPBD" | "CLBD"): Balance {
  const found = childrenOf(parent, "Bal").find((each) => maybe(each, "Tp", "CdOrPrtry", "Cd") === code);
  return { money: moneyOf(found, "Amt"), direction: directionOf(found), date: words(found, "Dt", "Dt") };
}

/** Which way money went. */
export function directionOf(parent: Element | undefined): "CRDT" | "DBIT" {
  return words(parent, "CdtDbtInd") === "DBIT" ? "DBIT" : "CRDT";
}
