import type { Entry, Statement } from "./messages.ts";
import {
  accountOf,
  accountPart,
  balanceOf,
  balancePart,
  directionOf,
  documentOf,
  moneyOf,
  moneyPart,
  words,
} from "./parts.ts";
import { at, childrenOf, element, type Element } from "./xml.ts";

/** A statement as `camt.053.001.08`. */
export function camt053(statement: Statement): Element {
  const { messageId, createdAt, statementId, from, to, account, opening, closing, entries } = statement;
  return documentOf(
    "camt.053.001.08",
    element("BkToCstmrStmt", [
      element("GrpHdr", [element("MsgId", messageId), element("CreDtTm", createdAt)]),
      element("Stmt", [
        element("Id", statementId),
        element("CreDtTm", createdAt),
        element("FrToDt", [element("FrDtTm", from), element("ToDtTm", to)]),
        accountPart("Acct", account),
        balancePart("OPBD", opening),
        balancePart("CLBD", closing),
        ...entries.map(entryPart),
      ]),
    ]),
  );
}

/** The statement in a `camt.053`. @throws when something that it must have is not there. */
export function statementOf(document: Element): Statement {
  const root = at(document, "BkToCstmrStmt");
  const part = at(root, "Stmt");
  return {
    messageId: words(root, "GrpHdr", "MsgId"),
    createdAt: words(root, "GrpHdr", "CreDtTm"),
    statementId: words(part, "Id"),
    from: words(part, "FrToDt", "FrDtTm"),
    to: words(part, "FrToDt", "ToDtTm"),
    account: accountOf(at(part, "Acct")),
    opening: balanceOf(part, "OPBD"),
    closing: balanceOf(part, "CLBD"),
    entries: childrenOf(part, "Ntry").map(entryOf),
  };
}

function entryPart({
  reference,
  money,
  direction,
  bookedAt,
  family,
  subFamily,
  information,
}: Entry): Element {
  return element("Ntry", [
    element("NtryRef", reference),
    moneyPart("Amt", money),
    element("CdtDbtInd", direction),
    element("Sts", [element("Cd", "BOOK")]),
    element("BookgDt", [element("DtTm", bookedAt)]),
    element("BkTxCd", [
      element("Domn", [
        element("Cd", "PMNT"),
        element("Fmly", [element("Cd", family), element("SubFmlyCd", subFamily)]),
      ]),
    ]),
    element("AddtlNtryInf", information),
  ]);
}

function entryOf(part: Element): Entry {
  return {
    reference: words(part, "NtryRef"),
    money: moneyOf(part, "Amt"),
    direction: directionOf(part),
    bookedAt: words(part, "BookgDt", "DtTm"),
    family: words(part, "BkTxCd", "Domn", "Fmly", "Cd"),
    subFamily: words(part, "BkTxCd", "Domn", "Fmly", "SubFmlyCd"),
    information: words(part, "AddtlNtryInf"),
  };
}
