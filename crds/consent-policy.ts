import { Type, type Static } from "typebox";
import { commonStatus } from "./condition.ts";
import { JURISDICTIONS } from "./jurisdiction.ts";
import { defineKind } from "./kind.ts";
import { LAW_RULES } from "./law.ts";

/** The Open Banking UK 4.0 permission codes an account-access consent may carry. */
export const PERMISSIONS = [
  "ReadAccountsBasic",
  "ReadAccountsDetail",
  "ReadBalances",
  "ReadBeneficiariesBasic",
  "ReadBeneficiariesDetail",
  "ReadDirectDebits",
  "ReadOffers",
  "ReadPAN",
  "ReadParty",
  "ReadPartyPSU",
  "ReadProducts",
  "ReadScheduledPaymentsBasic",
  "ReadScheduledPaymentsDetail",
  "ReadStandingOrdersBasic",
  "ReadStandingOrdersDetail",
  "ReadStatementsBasic",
  "ReadStatementsDetail",
  "ReadTransactionsBasic",
  "ReadTransactionsCredits",
  "ReadTransactionsDebits",
  "ReadTransactionsDetail",
] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** What partners may be given less of than their permissions give. */
export const MINIMISATION = [
  "AccountNumbers",
  "Counterparties",
  "RunningBalances",
  "TransactionTexts",
] as const;
export type Minimisation = (typeof MINIMISATION)[number];

/** Bounds of what a customer may consent to. */
export const ConsentPolicySpec = Type.Object(
  {
    jurisdiction: Type.Enum([...JURISDICTIONS], {
      type: "string",
      description:
        "Law it is written for, which bounds its numbers. ke-cbk anticipates rules the Central Bank of Kenya has not yet published.",
    }),
    permissions: Type.Array(Type.Enum([...PERMISSIONS], { type: "string" }), {
      minItems: 1,
      maxItems: 21,
      "x-kubernetes-list-type": "set",
      description: "Permissions a consent may ask for.",
    }),
    maxDurationDays: Type.Integer({
      minimum: 1,
      maximum: 3650,
      default: 365,
      description: "Longest life of a consent, in days.",
    }),
    reauthenticationDays: Type.Integer({
      minimum: 1,
      maximum: 180,
      default: 180,
      description: "Days after which the customer authenticates again; 180 at most (RTS article 10a).",
    }),
    transactionHistoryDays: Type.Integer({
      minimum: 1,
      maximum: 730,
      default: 90,
      description: "How far back transactions may be read, in days.",
    }),
    unattendedCallsPerDay: Type.Integer({
      minimum: 1,
      maximum: 1000,
      default: 4,
      description: "Calls a day and account without the customer present (RTS article 36(5)).",
    }),
    purposes: Type.Optional(
      Type.Array(Type.String({ minLength: 3, maxLength: 140 }), {
        minItems: 1,
        maxItems: 8,
        "x-kubernetes-list-type": "set",
        description:
          "What partners may use the information for, in words for customers, such as `to show you all your accounts in one place`: shown before a customer agrees, and kept with her consent (Kenya DPA 2019 sections 25 and 29).",
      }),
    ),
    minimisation: Type.Optional(
      Type.Array(Type.Enum([...MINIMISATION], { type: "string" }), {
        maxItems: 4,
        "x-kubernetes-list-type": "set",
        description:
          "What partners get less of, whatever their permissions: AccountNumbers by their last four characters; no Counterparties of transactions, standing orders and beneficiaries; no RunningBalances after each transaction; no TransactionTexts.",
      }),
    ),
    sca: Type.Object(
      {
        methods: Type.Array(Type.Enum(["otp"], { type: "string" }), {
          minItems: 1,
          maxItems: 4,
          "x-kubernetes-list-type": "set",
          description: "Second factors offered, beside the password.",
        }),
      },
      { default: { methods: ["otp"] }, description: "Strong customer authentication." },
    ),
  },
  {
    description: "What may be consented to, for how long, and with which authentication.",
    "x-kubernetes-validations": [
      {
        rule: "!('ReadAccountsDetail' in self.permissions) || 'ReadAccountsBasic' in self.permissions",
        message: "ReadAccountsDetail needs ReadAccountsBasic beside it; add ReadAccountsBasic.",
      },
      {
        rule: "!(self.permissions.exists(p, p == 'ReadTransactionsBasic' || p == 'ReadTransactionsDetail')) || self.permissions.exists(p, p == 'ReadTransactionsCredits' || p == 'ReadTransactionsDebits')",
        message:
          "Transactions need ReadTransactionsCredits or ReadTransactionsDebits beside Basic or Detail; add one.",
      },
      {
        rule: "!(self.permissions.exists(p, p == 'ReadTransactionsCredits' || p == 'ReadTransactionsDebits')) || self.permissions.exists(p, p == 'ReadTransactionsBasic' || p == 'ReadTransactionsDetail')",
        message:
          "ReadTransactionsCredits and ReadTransactionsDebits need ReadTransactionsBasic or ReadTransactionsDetail beside them; add one.",
      },
      {
        rule: "self.reauthenticationDays <= self.maxDurationDays",
        message: "reauthenticationDays must not be longer than maxDurationDays; lower it.",
      },
      ...LAW_RULES,
    ],
  },
);
export type ConsentPolicySpec = Static<typeof ConsentPolicySpec>;

/** What the operator observed of a ConsentPolicy. */
export const ConsentPolicyStatus = Type.Object({
  ...commonStatus,
  hash: Type.Optional(
    Type.String({
      maxLength: 64,
      description:
        "SHA-256 (hex) of the text that partners are told, kept by every consent given under it. It becomes that of the spec together with the numbers below; only then does the text go out.",
    }),
  ),
  partners: Type.Optional(Type.Integer({ description: "Partners that refer to it." })),
  liveConsents: Type.Optional(
    Type.Integer({
      minimum: 0,
      description:
        "Consents under it that are authorised and have not ended, whatever its text was then; as of the last minute, where regions say.",
    }),
  ),
  formerConsents: Type.Optional(
    Type.Integer({
      minimum: 0,
      description:
        "Of these, the ones given under another text than that of the spec. Each keeps its own until it ends.",
    }),
  ),
});
export type ConsentPolicyStatus = Static<typeof ConsentPolicyStatus>;

export type ConsentPolicyReason =
  | "InUse"
  | "NoPartners"
  | "PlanOnly"
  | "Paused"
  | "KeptByConsents"
  | "RegionsSilent"
  | "Error";

export const ConsentPolicy = defineKind({
  kind: "ConsentPolicy",
  plural: "consentpolicies",
  shortNames: ["cpol"],
  scope: "Namespaced",
  description:
    "What customers may consent to, for how long and with which authentication; bound to a jurisdiction.",
  spec: ConsentPolicySpec,
  status: ConsentPolicyStatus,
  columns: [
    {
      name: "Ready",
      type: "string",
      jsonPath: ".status.conditions[?(@.type=='Ready')].status",
      description: "Whether it is in force.",
    },
    {
      name: "Jurisdiction",
      type: "string",
      jsonPath: ".spec.jurisdiction",
      description: "Law it is written for.",
    },
    {
      name: "Partners",
      type: "integer",
      jsonPath: ".status.partners",
      description: "Partners that refer to it.",
    },
    {
      name: "Hash",
      type: "string",
      jsonPath: ".status.hash",
      description: "Of the policy's text.",
      priority: 1,
    },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp", description: "Since creation." },
  ],
  rules: [],
});
