import { type ConsentKind, PAYMENT_KINDS } from "../service/consent-snapshot.ts";
import { paymentsPath, SERVICES, type PaymentService } from "../service/berlin-group-payments.ts";
import type { Route, Scope } from "./route.ts";

/** A route and its address: `{id}` stands for one segment. */
export interface Operation extends Omit<Route, "name"> {
  readonly method: Method;
  /** Below where its table begins: `/open-banking/v4.0` for {@link OPERATIONS}. */
  readonly path: string;
}

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** What many operations have in common. */
type Common = Omit<Operation, "method" | "path">;

const NO_CONSENT = { upstream: "consent", grant: "client", kind: undefined, permissions: [] } as const;
const JSON_ONLY = { takes: "application/json", gives: "application/json" } as const;

const op = (line: string, common: Common, more: Partial<Common> = {}): Operation => {
  const [method, path = ""] = line.split(" ");
  return { method: method as Method, path, ...common, ...more };
};

/** Asking for a consent, by a token of the partner itself. */
const consents = (scope: Scope): Common => ({ ...NO_CONSENT, ...JSON_ONLY, scopes: [scope] });

/** Looking at what came of a consent, by a token of the partner itself. */
const results = (scope: Scope): Common => ({ ...consents(scope), upstream: "banking" });

/** Using a consent, by the token of the customer who gave it. */
const use = (scope: Scope, kind: ConsentKind, permissions: readonly string[] = []): Common => ({
  ...JSON_ONLY,
  upstream: "banking",
  grant: "consent",
  scopes: [scope],
  kind,
  permissions,
});

const basicOrDetail = (subject: string): readonly string[] => [`Read${subject}Basic`, `Read${subject}Detail`];

/** What a resource of account information is read by, and whether it is there for one account, for all, or both. */
const READABLE: readonly [
  name: string,
  permissions: readonly string[],
  ...places: readonly ("one" | "all")[],
][] = [
  ["balances", ["ReadBalances"], "one", "all"],
  ["transactions", basicOrDetail("Transactions"), "one", "all"],
  ["beneficiaries", basicOrDetail("Beneficiaries"), "one", "all"],
  ["direct-debits", ["ReadDirectDebits"], "one", "all"],
  ["offers", ["ReadOffers"], "one", "all"],
  ["parties", ["ReadParty"], "one"],
  ["party", ["ReadParty"], "one"],
  ["party", ["ReadPartyPSU"], "all"],
  ["product", ["ReadProducts"], "one"],
  ["products", ["ReadProducts"], "all"],
  ["scheduled-payments", basicOrDetail("ScheduledPayments"), "one", "all"],
  ["standing-orders", basicOrDetail("StandingOrders"), "one", "all"],
  ["statements", basicOrDetail("Statements"), "one", "all"],
];

const read = (path: string, permissions: readonly string[], more: Partial<Common> = {}): Operation =>
  op(`GET /aisp${path}`, use("accounts", "account-access", permissions), more);

const STATEMENT = "/accounts/{id}/statements/{id}";

const accounts: readonly Operation[] = [
  op("POST /aisp/account-access-consents", consents("accounts")),
  op("GET /aisp/account-access-consents/{id}", consents("accounts")),
  op("DELETE /aisp/account-access-consents/{id}", consents("accounts")),
  read("/accounts", basicOrDetail("Accounts")),
  read("/accounts/{id}", basicOrDetail("Accounts")),
  ...READABLE.flatMap(([name, permissions, ...places]) =>
    places.map((place) => read(place === "one" ? `/accounts/{id}/${name}` : `/${name}`, permissions)),
  ),
  read(STATEMENT, basicOrDetail("Statements")),
  read(`${STATEMENT}/file`, ["ReadStatementsDetail"], { gives: "anything" }),
  read(`${STATEMENT}/transactions`, basicOrDetail("Transactions")),
];

/** Kinds for which a partner may ask whether there is money enough before it pays. */
const FUNDS_ASKED = [
  "domestic-payment",
  "international-payment",
  "international-scheduled-payment",
] as const satisfies readonly ConsentKind[];

const payments: readonly Operation[] = [
  ...PAYMENT_KINDS.flatMap((kind) => [
    op(`POST /pisp/${kind}-consents`, consents("payments")),
    op(`GET /pisp/${kind}-consents/{id}`, consents("payments")),
    op(`POST /pisp/${kind}s`, use("payments", kind)),
    op(`GET /pisp/${kind}s/{id}`, results("payments")),
    op(`GET /pisp/${kind}s/{id}/payment-details`, results("payments")),
  ]),
  ...FUNDS_ASKED.map((kind) =>
    op(`GET /pisp/${kind}-consents/{id}/funds-confirmation`, use("payments", kind)),
  ),
  op("POST /pisp/file-payment-consents/{id}/file", consents("payments"), { takes: "anything" }),
  op("GET /pisp/file-payment-consents/{id}/file", consents("payments"), { gives: "anything" }),
  op("GET /pisp/file-payments/{id}/report-file", results("payments"), { gives: "anything" }),
];

const recurring: readonly Operation[] = [
  op("POST /pisp/domestic-vrp-consents", consents("payments")),
  op("GET /pisp/domestic-vrp-consents/{id}", consents("payments")),
  op("DELETE /pisp/domestic-vrp-consents/{id}", consents("payments")),
  op("PUT /pisp/domestic-vrp-consents/{id}", consents("payments")),
  op("PATCH /pisp/domestic-vrp-consents/{id}", consents("payments"), {
    takes: "application/json-patch+json",
  }),
  op("POST /pisp/domestic-vrp-consents/{id}/funds-confirmation", use("payments", "domestic-vrp")),
  op("POST /pisp/domestic-vrps", use("payments", "domestic-vrp")),
  op("GET /pisp/domestic-vrps/{id}", results("payments")),
  op("GET /pisp/domestic-vrps/{id}/payment-details", results("payments")),
];

const funds: readonly Operation[] = [
  op("POST /cbpii/funds-confirmation-consents", consents("fundsconfirmations")),
  op("GET /cbpii/funds-confirmation-consents/{id}", consents("fundsconfirmations")),
  op("DELETE /cbpii/funds-confirmation-consents/{id}", consents("fundsconfirmations")),
  op("POST /cbpii/funds-confirmations", use("fundsconfirmations", "funds-confirmation")),
];

const anyScope: Common = {
  ...NO_CONSENT,
  ...JSON_ONLY,
  upstream: "events",
  scopes: ["accounts", "payments", "fundsconfirmations"],
};

const events: readonly Operation[] = [
  op("POST /event-subscriptions", anyScope),
  op("GET /event-subscriptions", anyScope),
  op("PUT /event-subscriptions/{id}", anyScope),
  op("DELETE /event-subscriptions/{id}", anyScope),
  op("POST /events", anyScope),
];

/**
 * Every operation a bank offers by Open Banking UK 4.0: account and transaction, payment initiation, variable recurring
 * payments, confirmation of funds, events.
 */
export const OPERATIONS: readonly Operation[] = [...accounts, ...payments, ...recurring, ...funds, ...events];

/** Addresses of our own, below `/events/v1`: what became of a partner's webhooks, and what it missed once more. */
export const OWN_OPERATIONS: readonly Operation[] = [
  op("GET /deliveries", anyScope),
  op("POST /replays", anyScope),
];

/** Addresses of our own, below `/receipts/v1`: proof of what happened to a consent or a payment of the partner's. */
export const RECEIPT_OPERATIONS: readonly Operation[] = [
  op("GET /{id}", { ...anyScope, upstream: "consent" }),
];

const bgAccounts = (path: string, permissions: readonly string[]): Operation =>
  op(`GET ${path}`, use("accounts", "account-access", permissions));

/** What is there for each service of payments. */
const bgPayments = (service: PaymentService): readonly Operation[] => {
  const path = paymentsPath(service);
  const cancelling = `${path}/{id}/cancellation-authorisations`;
  return [
    op(`POST ${path}`, consents("payments")),
    op(`GET ${path}/{id}`, results("payments")),
    op(`GET ${path}/{id}/status`, results("payments")),
    op(`POST ${path}/{id}/authorisations`, consents("payments")),
    op(`GET ${path}/{id}/authorisations`, consents("payments")),
    op(`GET ${path}/{id}/authorisations/{id}`, consents("payments")),
    op(`DELETE ${path}/{id}`, consents("payments")),
    op(`POST ${cancelling}`, consents("payments")),
    op(`GET ${cancelling}`, consents("payments")),
    op(`GET ${cancelling}/{id}`, consents("payments")),
  ];
};

/** The core of the Berlin Group's NextGenPSD2 1.3.11, below `/psd2/v1`. */
export const BERLIN_GROUP_OPERATIONS: readonly Operation[] = [
  op("POST /consents", consents("accounts")),
  op("GET /consents/{id}", consents("accounts")),
  op("DELETE /consents/{id}", consents("accounts")),
  op("GET /consents/{id}/status", consents("accounts")),
  op("POST /consents/{id}/authorisations", consents("accounts")),
  op("GET /consents/{id}/authorisations", consents("accounts")),
  op("GET /consents/{id}/authorisations/{id}", consents("accounts")),
  bgAccounts("/accounts", basicOrDetail("Accounts")),
  bgAccounts("/accounts/{id}", basicOrDetail("Accounts")),
  bgAccounts("/accounts/{id}/balances", ["ReadBalances"]),
  bgAccounts("/accounts/{id}/transactions", basicOrDetail("Transactions")),
  bgAccounts("/accounts/{id}/transactions/{id}", basicOrDetail("Transactions")),
  ...SERVICES.flatMap(bgPayments),
];
