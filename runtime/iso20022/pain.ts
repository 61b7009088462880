import type { CreditTransfer, Initiation, StatusReport } from "./messages.ts";
import {
  documentOf,
  idsPart,
  maybe,
  moneyOf,
  moneyPart,
  partyOf,
  partyParts,
  remittanceOf,
  remittancePart,
  words,
} from "./parts.ts";
import { at, childrenOf, element, type Element } from "./xml.ts";

/** An initiation as `pain.001.001.09`. */
export function pain001({ messageId, createdAt, executionDate, debtor, transfers }: Initiation): Element {
  const count = element("NbOfTxs", String(transfers.length));
  return documentOf(
    "pain.001.001.09",
    element("CstmrCdtTrfInitn", [
      element("GrpHdr", [
        element("MsgId", messageId),
        element("CreDtTm", createdAt),
        count,
        element("InitgPty", [element("Nm", debtor.name)]),
      ]),
      element("PmtInf", [
        element("PmtInfId", messageId),
        element("PmtMtd", "TRF"),
        count,
        element("ReqdExctnDt", [element("Dt", executionDate)]),
        ...partyParts("Dbtr", debtor),
        ...transfers.map(transferPart),
      ]),
    ]),
  );
}

/**
 * The initiation in a `pain.001`; one payment information block, as a partner's file has.
 *
 * @throws when something that it must have is not there.
 */
export function initiationOf(document: Element): Initiation {
  const root = at(document, "CstmrCdtTrfInitn");
  const block = at(root, "PmtInf");
  return {
    messageId: words(root, "GrpHdr", "MsgId"),
    createdAt: words(root, "GrpHdr", "CreDtTm"),
    // Until version 08 the date stood there without its own element.
    executionDate: maybe(block, "ReqdExctnDt", "Dt") ?? words(block, "ReqdExctnDt"),
    debtor: partyOf(block, "Dbtr"),
    transfers: childrenOf(root, "PmtInf").flatMap((each) => childrenOf(each, "CdtTrfTxInf").map(transferOf)),
  };
}

/** What became of an initiation as `pain.002.001.10`. */
export function pain002({ messageId, createdAt, originalMessageId, transactions }: StatusReport): Element {
  return documentOf(
    "pain.002.001.10",
    element("CstmrPmtStsRpt", [
      element("GrpHdr", [element("MsgId", messageId), element("CreDtTm", createdAt)]),
      element("OrgnlGrpInfAndSts", [
        element("OrgnlMsgId", originalMessageId),
        element("OrgnlMsgNmId", "pain.001.001.09"),
      ]),
      element("OrgnlPmtInfAndSts", [
        element("OrgnlPmtInfId", originalMessageId),
        ...transactions.map(({ endToEndId, status, reason }) =>
          element("TxInfAndSts", [
            element("OrgnlEndToEndId", endToEndId),
            element("TxSts", status),
            reason === undefined
              ? undefined
              : element("StsRsnInf", [element("Rsn", [element("Prtry", reason)])]),
          ]),
        ),
      ]),
    ]),
  );
}

/** The report in a `pain.002`. @throws when something that it must have is not there. */
export function statusReportOf(document: Element): StatusReport {
  const root = at(document, "CstmrPmtStsRpt");
  return {
    messageId: words(root, "GrpHdr", "MsgId"),
    createdAt: words(root, "GrpHdr", "CreDtTm"),
    originalMessageId: words(root, "OrgnlGrpInfAndSts", "OrgnlMsgId"),
    transactions: childrenOf(at(root, "OrgnlPmtInfAndSts"), "TxInfAndSts").map((each) => ({
      endToEndId: words(each, "OrgnlEndToEndId"),
      status: words(each, "TxSts"),
      reason: maybe(each, "StsRsnInf", "Rsn", "Prtry") ?? maybe(each, "StsRsnInf", "Rsn", "Cd"),
    })),
  };
}

function transferPart(transfer: CreditTransfer): Element {
  return element("CdtTrfTxInf", [
    idsPart(transfer),
    element("Amt", [moneyPart("InstdAmt", transfer.money)]),
    ...partyParts("Cdtr", transfer.creditor),
    remittancePart(transfer.remittance),
  ]);
}

function transferOf(part: Element): CreditTransfer {
  return {
    instructionId: maybe(part, "PmtId", "InstrId"),
    endToEndId: words(part, "PmtId", "EndToEndId"),
    money: moneyOf(part, "Amt", "InstdAmt"),
    creditor: partyOf(part, "Cdtr"),
    remittance: remittanceOf(part),
  };
}
