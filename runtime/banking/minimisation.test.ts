import fc from "fast-check";
import { expect, test } from "vitest";
import { MINIMISATION } from "../../crds/consent-policy.ts";
import { CONTEXT_HEADER, encodeContext } from "../service/context.ts";
import { createLog } from "../service/logger.ts";
import { createServiceApp } from "../service/mtls-server.ts";
import { minimiseAnswers, minimised } from "./minimisation.ts";

/** Members as both dialects name them, with what each policy word is about. */
const ANSWER = {
  Data: {
    Account: [
      {
        AccountId: "acc-1",
        Account: [{ SchemeName: "UK.OBIE.BBAN", Identification: "00112233", Name: "A" }],
      },
    ],
    Balance: [{ AccountId: "acc-1", Amount: { Amount: "5.00", Currency: "KES" } }],
    Transaction: [
      {
        TransactionId: "1",
        TransactionInformation: "rent for May",
        Balance: { Type: "ITBD" },
        CreditorAccount: { Name: "Baraka" },
        MerchantDetails: { MerchantName: "Baraka" },
      },
    ],
  },
  account: { iban: "KE0011", currency: "KES" },
  transactions: {
    booked: [
      {
        transactionId: "1",
        creditorName: "Baraka",
        remittanceInformationUnstructured: "rent for May",
        balanceAfterTransaction: { balanceType: "interimBooked" },
      },
    ],
  },
};

test("own numbers keep their last four characters, or go where the standard has no shorter ones", () => {
  expect(minimised(ANSWER, ["AccountNumbers"])).toMatchObject({
    Data: { Account: [{ AccountId: "acc-1", Account: [{ Identification: "****2233", Name: "A" }] }] },
    account: { currency: "KES" },
  });
  expect(JSON.stringify(minimised(ANSWER, ["AccountNumbers"]))).not.toMatch(/001122|KE0011/);
  const strange = { Account: { Identification: Object.create(null) as unknown } };
  expect(minimised(strange, ["AccountNumbers"])).toEqual({ Account: { Identification: "****" } });
});

test("of transactions go the other side, the words, and the balance after them, and no balance that was asked for", () => {
  const words = ["Counterparties", "TransactionTexts", "RunningBalances"];
  expect(minimised(ANSWER, words)).toEqual({
    ...ANSWER,
    Data: { ...ANSWER.Data, Transaction: [{ TransactionId: "1" }] },
    transactions: { booked: [{ transactionId: "1" }] },
  });
});

const member = fc.constantFrom(
  "Account",
  "account",
  "Identification",
  "iban",
  "Balance",
  "Transaction",
  "Name",
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { depthSize: "small" },
    fc.string(),
    fc.array(tie("tree"), { maxLength: 3 }),
    fc.dictionary(member, tie("tree"), { maxKeys: 4 }),
  ),
}));

test("whatever an answer is and a policy says, twice is once, and a policy that says nothing changes nothing", () => {
  const words = fc.array(fc.constantFrom(...MINIMISATION, "OfALaterVersion"));
  fc.assert(
    fc.property(tree, words, (value, given) => {
      const less = minimised(value, given);
      expect(minimised(less, given)).toEqual(less);
      expect(minimised(value, [])).toEqual(value);
    }),
  );
});

test.each(["/open-banking/v4.0/aisp/accounts", "/psd2/v1/accounts"])(
  "%s is cut down by the policy of its consent, and by no other",
  async (url) => {
    const app = createServiceApp({
      log: createLog("banking", { level: "silent" }),
      namespace: "test",
      allow: ["gateway"],
      peerOf: () => "gateway",
    });
    minimiseAnswers(app);
    app.get("*", async () => ANSWER);
    const read = async (minimisation?: string[]) => {
      const context = encodeContext({
        clientId: "ptn-1",
        partnerName: "Acme",
        scope: "accounts",
        interactionId: "4f1f6f2e-97a4-4b22-8d3c-0c7d3ab3c1de",
        consent: { permissions: [], accounts: [], historyDays: 90, ...(minimisation && { minimisation }) },
      });
      return (await app.inject({ url, headers: { [CONTEXT_HEADER]: context } })).json<unknown>();
    };
    expect(await read()).toEqual(ANSWER);
    expect(JSON.stringify(await read([...MINIMISATION]))).not.toMatch(/Baraka|rent|001122|KE0011/);
  },
);
