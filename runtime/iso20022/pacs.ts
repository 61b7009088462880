import type { InterbankTransfer } from "./messages.ts";
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
import { at, element, type Element } from "./xml.ts";

/** A transfer between banks as `pacs.008.001.08`; charges are shared, settlement is by clearing. */
export function pacs008({ messageId, createdAt, debtor, transfer }: InterbankTransfer): Element {
  return documentOf(
    "pacs.008.001.08",
    element("FIToFICstmrCdtTrf", [
      element("GrpHdr", [
        element("MsgId", messageId),
        element("CreDtTm", createdAt),
        element("NbOfTxs", "1"),
        element("SttlmInf", [element("SttlmMtd", "CLRG")]),
      ]),
      element("CdtTrfTxInf", [
        idsPart(transfer, transfer.transactionId),
        moneyPart("IntrBkSttlmAmt", transfer.money),
        element("ChrgBr", "SHAR"),
        ...partyParts("Dbtr", debtor),
        ...partyParts("Cdtr", transfer.creditor),
        remittancePart(transfer.remittance),
      ]),
    ]),
  );
}

/** The transfer in a `pacs.008`. @throws when something that it must have is not there. */
export function interbankTransferOf(document: Element): InterbankTransfer {
  const root = at(document, "FIToFICstmrCdtTrf");
  const part = at(root, "CdtTrfTxInf");
  return {
    messageId: words(root, "GrpHdr", "MsgId"),
    createdAt: words(root, "GrpHdr", "CreDtTm"),
    debtor: partyOf(part, "Dbtr"),
    transfer: {
      instructionId: maybe(part, "PmtId", "InstrId"),
      endToEndId: words(part, "PmtId", "EndToEndId"),
      transactionId: words(part, "PmtId", "TxId"),
      money: moneyOf(part, "IntrBkSttlmAmt"),
      creditor: partyOf(part, "Cdtr"),
      remittance: remittanceOf(part),
    },
  };
}
