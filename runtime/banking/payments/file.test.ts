import { expect, test } from "vitest";
import { pain001 } from "../../iso20022/pain.ts";
import { writeXml } from "../../iso20022/xml.ts";
import { ordersOfFile } from "./file.ts";

const account = { scheme: "UK.OBIE.IBAN", identification: "DE75512108001245126199" };
const want = {
  amount: 1_250n,
  currency: "KES",
  creditor: { ...account, name: "Kamau Stores" },
  reference: "Invoice 7",
  endToEnd: "e2e-1",
};
const transfer = {
  instructionId: undefined,
  endToEndId: "e2e-1",
  money: { amount: "12.50", currency: "KES" },
  creditor: { name: "Kamau Stores", account },
  remittance: ["Invoice 7"],
};
const painOf = (...transfers: readonly (typeof transfer)[]): Buffer =>
  Buffer.from(
    writeXml(
      pain001({
        messageId: "m-1",
        createdAt: "2026-11-22T10:00:00Z",
        executionDate: "2026-11-23",
        debtor: { name: "Amina", account },
        transfers,
      }),
    ),
  );

test("a pain.001 and the standard's JSON say the same orders", () => {
  const line = {
    EndToEndIdentification: "e2e-1",
    InstructedAmount: { Amount: "12.50", Currency: "KES" },
    CreditorAccount: {
      SchemeName: account.scheme,
      Identification: account.identification,
      Name: "Kamau Stores",
    },
    RemittanceInformation: { Unstructured: ["Invoice 7"] },
  };
  const json = Buffer.from(JSON.stringify({ Data: { DomesticPayments: [line] } }));
  expect(ordersOfFile(json)).toMatchObject([want]);
  expect(ordersOfFile(painOf(transfer))).toEqual(ordersOfFile(json));
});

test("a line that cannot be paid is told apart, and does not hide the others", () => {
  const tooFine = { ...transfer, money: { amount: "12.505", currency: "KES" } };
  expect(ordersOfFile(painOf(tooFine, transfer))).toMatchObject([undefined, want]);
});

test.each(["", "{}", "[1]", "<a/>", "<a>", "null"])("%s is no file of payments", (text) => {
  expect(ordersOfFile(Buffer.from(text))).toBeUndefined();
});
