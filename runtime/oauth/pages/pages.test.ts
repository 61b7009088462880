import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { PERMISSIONS } from "../../../crds/consent-policy.ts";
import { codePage } from "./code.ts";
import { consentPage, type AccessView } from "./consent.ts";
import type { BulkEntry, ConsentKind } from "../../service/consent-snapshot.ts";
import { failurePage } from "./failure.ts";
import { html } from "./html.ts";
import { wordsOf, type Page } from "./layout.ts";
import { loginPage } from "./login.ts";
import { moneyWords } from "./payment-words.ts";
import { permissionWords } from "./permission-words.ts";
import { proposalPage } from "./proposal-page.ts";
import { proposalOf } from "./proposal.ts";

const form = {
  action: "/interaction/u",
  csrf: "token",
  partnerName: "Acme Finance",
  asks: "to see some of your account information",
  returnOrigin: "https://acme.example",
};
const view: AccessView = {
  permissions: ["ReadTransactionsBasic", "ReadBalances", "ReadTransactionsCredits"],
  expiresAt: "2027-02-20T23:59:59Z",
  transactionFrom: "2026-09-01T00:00:00Z",
  historyDays: 90,
  accounts: [
    { accountId: "acc-1", currency: "KES", nickname: "Everyday", identification: "••••4321" },
    { accountId: "acc-2", currency: "EUR" },
  ],
  chosen: ["acc-2"],
};
const payee = { SchemeName: "UK.OBIE.IBAN", Identification: "KE01", Name: "Kamau & Sons" };
const KES = (Amount: string) => ({ Amount, Currency: "KES" });
const PROPOSALS: Readonly<
  Record<
    string,
    { readonly kind: ConsentKind; readonly request: object; readonly payments?: readonly BulkEntry[] }
  >
> = {
  payment: {
    kind: "domestic-payment",
    request: {
      Initiation: {
        InstructedAmount: KES("1234567.50"),
        CreditorAccount: payee,
        RemittanceInformation: {
          Structured: [{ CreditorReferenceInformation: { Reference: "RF18" } }],
          Unstructured: ["Invoice 7"],
        },
      },
    },
  },
  "standing order": {
    kind: "domestic-standing-order",
    request: {
      Initiation: {
        FirstPaymentAmount: KES("10"),
        RecurringPaymentAmount: KES("20"),
        NumberOfPayments: "12",
        CreditorAccount: payee,
        MandateRelatedInformation: {
          Frequency: { Type: "MNTH" },
          FirstPaymentDateTime: "2027-01-01T00:00:00Z",
          FinalPaymentDateTime: "2027-12-01T00:00:00Z",
        },
      },
    },
  },
  "payment abroad": {
    kind: "international-scheduled-payment",
    request: {
      Initiation: {
        InstructedAmount: KES("500.00"),
        CurrencyOfTransfer: "EUR",
        ChargeBearer: "Shared",
        RequestedExecutionDateTime: "2027-01-31T00:00:00Z",
        CreditorAccount: payee,
      },
    },
  },
  "file of payments": {
    kind: "file-payment",
    request: { Initiation: { NumberOfTransactions: "2", ControlSum: 1300, FileReference: "May" } },
  },
  "bulk of payments": {
    kind: "file-payment",
    request: { Initiation: { NumberOfTransactions: "2", ControlSum: 1300.5, FileReference: "99391c7e" } },
    payments: [
      { payee: payee.Name, account: payee.Identification, amount: KES("1200.50") },
      { payee: "<b>Umoja</b>", account: "01-2", amount: KES("100.00") },
    ],
  },
  "cancelled payment": {
    kind: "payment-cancellation",
    request: {
      Cancels: "dsc-1",
      Initiation: {
        InstructedAmount: KES("500.00"),
        RequestedExecutionDateTime: "2027-01-31T00:00:00Z",
        CreditorAccount: payee,
      },
    },
  },
  "recurring payments": {
    kind: "domestic-vrp",
    request: {
      ControlParameters: {
        MaximumIndividualAmount: KES("100.00"),
        PeriodicLimits: [
          { ...KES("250.00"), PeriodType: "Month", PeriodAlignment: "Calendar" },
          { ...KES("2000.00"), PeriodType: "Half-year", PeriodAlignment: "Consent" },
        ],
      },
      Initiation: { CreditorAccount: payee },
    },
  },
  "funds confirmation": {
    kind: "funds-confirmation",
    request: { DebtorAccount: payee, ExpirationDateTime: "2027-06-30T00:00:00Z" },
  },
};
const pages = {
  login: loginPage(form),
  "login with a problem": loginPage({ ...form, problem: "Enter your user name and your password." }),
  code: codePage(form),
  consent: consentPage(form, view),
  "consent with bounds": consentPage(form, {
    ...view,
    purposes: ["to show you all your accounts in one place"],
    minimisation: ["AccountNumbers", "Counterparties"],
  }),
  "code of a payment": codePage({ ...form, pays: "KES 1,200.50 to Kamau Stores" }),
  ...Object.fromEntries(
    Object.entries(PROPOSALS).map(([name, { kind, request, payments }]) => {
      const proposal = proposalOf(kind, request, form.partnerName, payments);
      if (proposal === undefined) throw new Error(`${kind} proposes nothing.`);
      return [name, proposalPage(form, { ...proposal, accounts: view.accounts, chosen: ["acc-1"] })];
    }),
  ),
  failure: failurePage({ heading: "This cannot go on", text: "Start again.", code: "not_found" }),
};

test.each(Object.entries(pages))("the page %s looks like this", async (name, { body }) => {
  await expect(body).toMatchFileSnapshot(`golden/${name.replaceAll(" ", "-")}.html`);
});

test.each(Object.entries(pages))(
  "the page %s can be used without script, sight or mouse",
  (_name, { body, headers }) => {
    expect(body).toContain('<html lang="en">');
    expect(body.match(/<h1>/g)).toHaveLength(1);
    expect(body).not.toMatch(/<script|javascript:|\son[a-z]+=/i);
    const labelled = [...body.matchAll(/<label for="([^"]+)"/g)].map(([, id]) => id);
    const inputs = [...body.matchAll(/<input\s[^>]*type="(text|password)"[^>]*>/g)].map(
      ([tag]) => /id="([^"]+)"/.exec(tag)?.[1],
    );
    expect(inputs).toEqual(labelled);
    expect(headers["content-security-policy"]).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'/,
    );
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    expect(headers["cache-control"]).toBe("no-store");
  },
);

test.each(Object.entries(pages))(
  "the style of the page %s is the one its policy allows",
  (_name, { body, headers }) => {
    const [, style = ""] = /<style>([\s\S]*?)<\/style>/.exec(body) ?? [];
    const hash = createHash("sha256").update(style).digest("base64");
    expect(headers["content-security-policy"]).toContain(`style-src 'sha256-${hash}'`);
  },
);

test("a problem is announced and stands in the title", () => {
  expect(pages["login with a problem"].body).toContain('role="alert"');
  expect(pages["login with a problem"].body).toMatch(/<title>Problem: /);
});

test("no text of others becomes markup", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(
        html`<p title="${text}">${[text, html`${text}`]}</p>`.markup.replace(/^<p title="|">|<\/p>$/g, ""),
      ).not.toMatch(/[<>"']/);
    }),
  );
  const hostile = '"><script>alert(1)</script>';
  const { body } = consentPage(
    { ...form, partnerName: hostile },
    {
      ...view,
      permissions: [hostile],
      accounts: [{ accountId: hostile, currency: hostile, nickname: hostile }],
    },
  );
  expect(body).not.toContain("<script");
});

test("every permission has words, and an unknown one is shown as it is, last", () => {
  expect(new Set(permissionWords(PERMISSIONS)).size).toBe(PERMISSIONS.length);
  for (const words of permissionWords(PERMISSIONS)) expect(words).not.toMatch(/^Read/);
  expect(permissionWords(["ReadEverything", "ReadBalances"]).at(-1)).toBe("ReadEverything");
});

test("the words of a page are what it says, without its markup", () => {
  expect(wordsOf((pages as Record<string, Page>)["payment"] ?? { body: "" })).toBe(
    [
      "Confirm this payment",
      "Acme Finance asks for this:",
      "Amount",
      "KES 1,234,567.50",
      "To",
      "Kamau & Sons",
      "Account number",
      "KE01",
      "Reference",
      "RF18, Invoice 7",
      "When",
      "At once",
      "From which account?",
      "[x] Everyday ••••4321 (KES)",
      "[ ] Account (EUR)",
      "Acme Finance can make exactly this payment, and nothing else.",
      "Allow",
      "Do not allow",
    ].join("\n"),
  );
});

test("money keeps every digit it has", () => {
  const digits = fc.stringMatching(/^[1-9]\d{0,12}(\.\d{1,5})?$/);
  fc.assert(
    fc.property(digits, (amount) => {
      expect(moneyWords(amount).replaceAll(",", "")).toBe(amount);
      expect(moneyWords(amount).split(".")[0]).toMatch(/^\d{1,3}(,\d{3})*$/);
    }),
  );
});
