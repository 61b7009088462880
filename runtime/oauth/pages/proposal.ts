import type { BulkEntry, ConsentKind } from "../../service/consent-snapshot.ts";
import { dateWords } from "./consent.ts";
import { interval, moneyWords, type Money } from "./payment-words.ts";

/** What a partner asks of a customer besides reading, in words she decides by. */
export interface Proposal {
  /** What for, in words that go on after the partner's name. */
  readonly asks: string;
  readonly title: string;
  /** How much goes to whom, for the message with the code; absent when nothing is paid. */
  readonly pays?: string;
  readonly facts: readonly Fact[];
  /** The question above her accounts. */
  readonly question: string;
  readonly note: string;
  /** The account the partner named, if it did; she may choose no other. */
  readonly debtor?: { readonly SchemeName: string; readonly Identification: string } | undefined;
}

/** One line of what is asked for. */
export interface Fact {
  readonly term: string;
  readonly text: string;
}

/** The members of a request that a customer is shown; the consent service has checked their form. */
interface Asked {
  readonly Initiation?: {
    readonly InstructedAmount?: Money;
    readonly FirstPaymentAmount?: Money;
    readonly RecurringPaymentAmount?: Money;
    readonly FinalPaymentAmount?: Money;
    readonly CurrencyOfTransfer?: string;
    readonly ChargeBearer?: string;
    readonly RequestedExecutionDateTime?: string;
    readonly NumberOfPayments?: string;
    readonly NumberOfTransactions?: string;
    readonly ControlSum?: number;
    readonly FileReference?: string;
    readonly CreditorAccount?: { readonly Name?: string; readonly Identification: string };
    readonly DebtorAccount?: Proposal["debtor"];
    readonly RemittanceInformation?: {
      readonly Unstructured?: readonly string[];
      readonly Structured?: readonly {
        readonly CreditorReferenceInformation?: { readonly Reference?: string };
      }[];
    };
    readonly MandateRelatedInformation?: {
      readonly FirstPaymentDateTime?: string;
      readonly FinalPaymentDateTime?: string;
      readonly Frequency: { readonly Type: string; readonly CountPerPeriod?: number };
    };
  };
  readonly ControlParameters?: {
    readonly ValidFromDateTime?: string;
    readonly ValidToDateTime?: string;
    readonly MaximumIndividualAmount: Money;
    readonly PeriodicLimits: readonly (Money & {
      readonly PeriodType: string;
      readonly PeriodAlignment: string;
    })[];
  };
  /** Id of the payment that is to be cancelled; what it was to pay stands in `Initiation`. */
  readonly Cancels?: string;
  readonly ExpirationDateTime?: string;
  readonly DebtorAccount?: Proposal["debtor"];
}

/**
 * What is asked for, or undefined for account access, which has a page of its own.
 *
 * @param payments those of a bulk, as the bank knows them.
 */
export function proposalOf(
  kind: ConsentKind,
  request: object,
  partnerName: string,
  payments: readonly BulkEntry[] = [],
): Proposal | undefined {
  const asked: Asked = request;
  switch (kind) {
    case "account-access":
      return undefined;
    case "funds-confirmation":
      return {
        asks: "to be told whether you have enough money",
        title: `Let ${partnerName} ask about your account?`,
        facts: facts({
          "It may ask": "whether an amount is available, answered yes or no",
          Until: asked.ExpirationDateTime && dateWords(asked.ExpirationDateTime),
        }),
        question: "About which account?",
        note: `${partnerName} does not learn your balance, and cannot move your money.`,
        debtor: asked.DebtorAccount,
      };
    case "domestic-vrp":
      return recurring(asked, partnerName);
    case "domestic-payment":
    case "domestic-scheduled-payment":
    case "domestic-standing-order":
    case "international-payment":
    case "international-scheduled-payment":
    case "international-standing-order":
      return payment(asked, partnerName);
    case "file-payment":
      return payments.length === 0 ? payment(asked, partnerName) : bulk(asked, partnerName, payments);
    case "payment-cancellation":
      return cancellation(asked, partnerName);
  }
}

function payment({ Initiation: asked = {} }: Asked, partnerName: string): Proposal {
  const { CreditorAccount: payee, MandateRelatedInformation: mandate, ControlSum: total } = asked;
  const amount = asked.InstructedAmount ?? asked.FirstPaymentAmount;
  const file =
    asked.NumberOfTransactions === undefined
      ? "a file of payments"
      : `${asked.NumberOfTransactions} payments`;
  const pays =
    amount === undefined
      ? `${file}${total === undefined ? "" : ` of ${moneyWords(String(total))} in all`}`
      : `${moneyWords(amount)} to ${payee?.Name ?? "the payee"}`;
  return {
    asks: "you to make a payment",
    title: mandate === undefined ? "Confirm this payment" : "Confirm this standing order",
    pays,
    facts: facts({
      [mandate === undefined ? "Amount" : "First payment"]: amount && moneyWords(amount),
      "Then each": asked.RecurringPaymentAmount && moneyWords(asked.RecurringPaymentAmount),
      "Last payment": asked.FinalPaymentAmount && moneyWords(asked.FinalPaymentAmount),
      "How often": mandate && interval(mandate.Frequency.Type, mandate.Frequency.CountPerPeriod),
      "How many": asked.NumberOfPayments,
      From: mandate?.FirstPaymentDateTime && dateWords(mandate.FirstPaymentDateTime),
      Until: mandate?.FinalPaymentDateTime && dateWords(mandate.FinalPaymentDateTime),
      Payments: amount === undefined ? pays : undefined,
      To: payee?.Name,
      "Account number": payee?.Identification,
      "Sent in": asked.CurrencyOfTransfer,
      Charges: asked.ChargeBearer && CHARGES[asked.ChargeBearer],
      Reference: referenceOf(asked),
      When:
        mandate !== undefined
          ? undefined
          : asked.RequestedExecutionDateTime === undefined
            ? "At once"
            : dateWords(asked.RequestedExecutionDateTime),
    }),
    question: "From which account?",
    note: `${partnerName} can make exactly this payment, and nothing else.`,
    debtor: asked.DebtorAccount,
  };
}

/** A file whose payments the bank knows: whom she pays how much, and how much that is in all (EU 2018/389 article 5(3)(b)). */
function bulk(asked: Asked, partnerName: string, payments: readonly BulkEntry[]): Proposal {
  const currency = payments[0]?.amount.Currency ?? "";
  const all = moneyWords({ Amount: (asked.Initiation?.ControlSum ?? 0).toFixed(2), Currency: currency });
  const pays = `${payments.length} payments of ${all} in all`;
  const { facts: what, ...rest } = payment(asked, partnerName);
  return {
    ...rest,
    title: "Confirm these payments",
    asks: "you to make several payments",
    pays,
    facts: [
      ...facts({ Payments: pays }),
      ...payments.map(({ payee, account, amount }, n) => ({
        term: `Payment ${n + 1}`,
        text: `${moneyWords(amount)} to ${payee}, account ${account}`,
      })),
      ...what.filter(({ term }) => term !== "Payments"),
    ],
    note: `${partnerName} can make exactly these payments, and nothing else.`,
  };
}

/** The payment once more as she agreed to it, and that it is to be stopped. */
function cancellation(asked: Asked, partnerName: string): Proposal {
  const { pays = "a payment", facts: what, debtor } = payment(asked, partnerName);
  return {
    asks: "you to cancel a payment",
    title: "Cancel this payment?",
    pays: `cancel ${pays}`,
    facts: [...what, ...facts({ "Number of the payment": asked.Cancels })],
    question: "From which account was it to be paid?",
    note: "What has not left your account is not paid any more. What has left stays paid.",
    debtor,
  };
}

function recurring(
  { Initiation: asked = {}, ControlParameters: limits }: Asked,
  partnerName: string,
): Proposal {
  const { CreditorAccount: payee } = asked;
  const most = limits && moneyWords(limits.MaximumIndividualAmount);
  const to = payee?.Name ?? "payees it names";
  return {
    asks: "to make payments for you, within limits",
    title: `Let ${partnerName} make payments for you?`,
    pays: `payments of up to ${most ?? ""} each to ${to}`,
    facts: facts({
      "At most in one payment": most,
      ...Object.fromEntries(
        (limits?.PeriodicLimits ?? []).map((limit) => [
          `At most in a ${limit.PeriodType.toLowerCase()}${limit.PeriodAlignment === "Calendar" ? " of the calendar" : ""}`,
          moneyWords(limit),
        ]),
      ),
      To: to,
      "Account number": payee?.Identification,
      Reference: referenceOf(asked),
      From: limits?.ValidFromDateTime && dateWords(limits.ValidFromDateTime),
      Until: limits?.ValidToDateTime === undefined ? "you take it back" : dateWords(limits.ValidToDateTime),
    }),
    question: "From which account?",
    note: `You will not be asked again before each payment. You can take this back at any time, here or with ${partnerName}.`,
    debtor: asked.DebtorAccount,
  };
}

const CHARGES: Readonly<Record<string, string>> = {
  BorneByCreditor: "paid by the payee",
  BorneByDebtor: "paid by you",
  Shared: "shared between you and the payee",
  FollowingServiceLevel: "as the kind of payment provides",
};

function referenceOf({
  RemittanceInformation: remittance,
}: NonNullable<Asked["Initiation"]>): string | undefined {
  const references = (remittance?.Structured ?? []).flatMap(
    ({ CreditorReferenceInformation: information }) => information?.Reference ?? [],
  );
  const all = [...references, ...(remittance?.Unstructured ?? [])];
  return all.length === 0 ? undefined : all.join(", ");
}

function facts(texts: Readonly<Record<string, string | undefined>>): readonly Fact[] {
  return Object.entries(texts).flatMap(([term, text]) =>
    text === undefined || text === "" ? [] : [{ term, text }],
  );
}
