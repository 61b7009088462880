import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { camt053, statementOf } from "./camt.ts";
import type { Initiation, InterbankTransfer, Statement, StatusReport } from "./messages.ts";
import { interbankTransferOf, pacs008 } from "./pacs.ts";
import { initiationOf, pain001, pain002, statusReportOf } from "./pain.ts";
import { element, parseXml, writeXml, type Element } from "./xml.ts";

/** Any text XML 1.0 can carry. */
const text = fc
  .string({ minLength: 1, maxLength: 35, unit: "binary" })
  .map((words) => words.replaceAll(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, "?"));
const money = fc.record({
  amount: fc
    .tuple(fc.bigInt({ min: 0n, max: 10n ** 13n }), fc.nat(5))
    .map(([whole, digits]) => (digits === 0 ? String(whole) : `${whole}.${"7".repeat(digits)}`)),
  currency: fc.constantFrom("KES", "EUR", "JPY", "BHD"),
});
const account = fc.record({
  scheme: fc.constantFrom("UK.OBIE.IBAN", "UK.OBIE.BBAN", "UK.OBIE.SortCodeAccountNumber"),
  identification: text,
});
const party = fc.record({ name: text, account });
const time = fc
  .date({ min: new Date(0), max: new Date("2099-01-01"), noInvalidDate: true })
  .map((at) => at.toISOString());
const day = time.map((at) => at.slice(0, 10));
const transfer = fc.record({
  instructionId: fc.option(text, { nil: undefined }),
  endToEndId: text,
  money,
  creditor: party,
  remittance: fc.array(text, { maxLength: 3 }),
});
const direction = fc.constantFrom("CRDT" as const, "DBIT" as const);
const balance = fc.record({ money, direction, date: day });
const entry = fc.record({
  reference: text,
  money,
  direction,
  bookedAt: time,
  family: text,
  subFamily: text,
  information: text,
});

const initiation: fc.Arbitrary<Initiation> = fc.record({
  messageId: text,
  createdAt: time,
  executionDate: day,
  debtor: party,
  transfers: fc.array(transfer, { minLength: 1, maxLength: 4 }),
});
const report: fc.Arbitrary<StatusReport> = fc.record({
  messageId: text,
  createdAt: time,
  originalMessageId: text,
  transactions: fc.array(
    fc.record({
      endToEndId: text,
      status: fc.constantFrom("ACSC", "RJCT"),
      reason: fc.option(text, { nil: undefined }),
    }),
  ),
});
const interbank: fc.Arbitrary<InterbankTransfer> = fc.record({
  messageId: text,
  createdAt: time,
  debtor: party,
  transfer: fc.tuple(transfer, text).map(([each, transactionId]) => ({ ...each, transactionId })),
});
const statement: fc.Arbitrary<Statement> = fc.record({
  messageId: text,
  createdAt: time,
  statementId: text,
  from: time,
  to: time,
  account,
  opening: balance,
  closing: balance,
  entries: fc.array(entry, { maxLength: 5 }),
});

function comesBack<T>(
  values: fc.Arbitrary<T>,
  write: (value: T) => Element,
  read: (document: Element) => T,
): void {
  const property = fc.property(values, (value) => {
    expect(read(parseXml(writeXml(write(value))))).toEqual(value);
  });
  fc.assert(property);
}

describe("what is written is read again, to the last character", () => {
  test("pain.001", () => {
    expect(() => comesBack(initiation, pain001, initiationOf)).not.toThrow();
  });
  test("pain.002", () => {
    expect(() => comesBack(report, pain002, statusReportOf)).not.toThrow();
  });
  test("pacs.008", () => {
    expect(() => comesBack(interbank, pacs008, interbankTransferOf)).not.toThrow();
  });
  test("camt.053", () => {
    expect(() => comesBack(statement, camt053, statementOf)).not.toThrow();
  });
});

test.each([
  { why: "a document type", xml: '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>' },
  { why: "an entity of its own", xml: "<a>&x;</a>" },
  { why: "an element that is not closed", xml: "<a><b></a>" },
  { why: "two roots", xml: "<a/><b/>" },
  { why: "words outside", xml: "<a/>x" },
  { why: "nothing", xml: "" },
  { why: "a thousand levels", xml: "<a>".repeat(1_000) + "</a>".repeat(1_000) },
])("$why is refused", ({ xml }) => {
  expect(() => parseXml(xml)).toThrow(/XML/);
});

test("prefixes, comments, character data and white space between elements do not matter", () => {
  const xml =
    '<?xml version="1.0"?><!-- x --><p:a xmlns:p="urn:x">\n <p:b k=\'1\'><![CDATA[<&>]]></p:b>\n</p:a>';
  expect(parseXml(xml)).toEqual(element("a", [element("b", "<&>", { k: "1" })], { "xmlns:p": "urn:x" }));
});

test("whatever is sent as XML is read or refused, never followed", () => {
  const property = fc.property(fc.string(), (xml) => {
    try {
      return parseXml(xml).name !== "";
    } catch (error) {
      return error instanceof Error;
    }
  });
  expect(() => fc.assert(property)).not.toThrow();
});

test("an amount without a currency is refused", () => {
  const document = pain001({
    messageId: "m",
    createdAt: "2026-11-22T10:00:00Z",
    executionDate: "2026-11-22",
    debtor: { name: "A", account: { scheme: "UK.OBIE.IBAN", identification: "X" } },
    transfers: [],
  });
  const xml = writeXml(document).replace(
    "</PmtInf>",
    "<CdtTrfTxInf><PmtId><EndToEndId>e</EndToEndId></PmtId></CdtTrfTxInf></PmtInf>",
  );
  expect(() => initiationOf(parseXml(xml))).toThrow("Amt/InstdAmt is no amount with a currency.");
});
