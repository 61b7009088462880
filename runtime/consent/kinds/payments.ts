import type { Static } from "typebox";
import {
  amountFaults,
  type AmountOf,
  executionFaults,
  futureFaults,
  invalid,
  orderFaults,
} from "./checks.ts";
import { defineKind, type Check, type KindRules } from "./kind.ts";
import * as requests from "./requests.ts";

/** How long a payment's consent lives, authorised or not, in ms. */
const PAYMENT_MS = 86_400_000;

const BASE = "/open-banking/v4.0/pisp";
const once = {
  role: "PISP",
  idempotent: true,
  deletable: false,
  expiresAt: (_data: unknown, { now }: { readonly now: Date }) => new Date(now.getTime() + PAYMENT_MS),
} as const;

interface Beside {
  readonly Authorisation?: { readonly CompletionDateTime?: string };
}
const authorisedInTime: Check<Beside> = ({ Authorisation: authorisation }, circumstances) =>
  futureFaults("Data.Authorisation.CompletionDateTime", authorisation?.CompletionDateTime, circumstances);

const amount: Check<{ readonly Initiation: { readonly InstructedAmount: AmountOf } }> = ({
  Initiation: { InstructedAmount },
}) => amountFaults({ "Data.Initiation.InstructedAmount": InstructedAmount });

const executedLater: Check<{ readonly Initiation: { readonly RequestedExecutionDateTime?: string } }> = (
  { Initiation: { RequestedExecutionDateTime: time } },
  circumstances,
) => executionFaults("Data.Initiation.RequestedExecutionDateTime", time, circumstances);

type Mandate = Static<typeof requests.MandateRelatedInformation>;
const mandate: Check<{ readonly Initiation: { readonly MandateRelatedInformation: Mandate } }> = (
  { Initiation: { MandateRelatedInformation: terms } },
  circumstances,
) => {
  const path = "Data.Initiation.MandateRelatedInformation";
  const first = [`${path}.FirstPaymentDateTime`, terms.FirstPaymentDateTime] as const;
  const recurring = [`${path}.RecurringPaymentDateTime`, terms.RecurringPaymentDateTime] as const;
  const last = [`${path}.FinalPaymentDateTime`, terms.FinalPaymentDateTime] as const;
  const { CountPerPeriod: count, PointInTime: point } = terms.Frequency;
  return [
    ...executionFaults(...first, circumstances),
    ...orderFaults(first, recurring),
    ...orderFaults(first, last),
    ...(count !== undefined && point !== undefined
      ? [invalid(`${path}.Frequency has CountPerPeriod or PointInTime, not both.`, `${path}.Frequency`)]
      : []),
  ];
};

type Rate = Static<typeof requests.ExchangeRateInformation>;
const rate: Check<{ readonly Initiation: { readonly ExchangeRateInformation?: Rate } }> = ({
  Initiation: { ExchangeRateInformation: asked },
}) => {
  if (asked === undefined) return [];
  const path = "Data.Initiation.ExchangeRateInformation";
  const agreed = asked.RateType === "Agreed";
  return (["ExchangeRate", "ContractIdentification"] as const).flatMap((name) => {
    if ((asked[name] !== undefined) === agreed) return [];
    const message = agreed
      ? `${path}.${name} is missing; an agreed rate names rate and contract.`
      : `${path}.${name} belongs to an agreed rate; leave it out.`;
    return [
      { reason: agreed ? "FieldMissing" : "FieldUnexpected", message, path: `${path}.${name}` } as const,
    ];
  });
};

/** Files of payments that can be read: the standard's own JSON, and ISO 20022. */
export const FILE_TYPES: readonly string[] = [
  "UK.OBIE.PaymentInitiation.3.1",
  "UK.OBIE.PaymentInitiation.4.0",
  "UK.OBIE.pain.001.001.08",
];

/** Consents to one payment, one order, or one file of payments. */
export const PAYMENT_KINDS: readonly KindRules[] = [
  defineKind({
    ...once,
    kind: "domestic-payment",
    path: `${BASE}/domestic-payment-consents`,
    prefix: "dpc",
    schema: requests.DomesticPayment,
    checks: [amount, authorisedInTime],
  }),
  defineKind({
    ...once,
    kind: "domestic-scheduled-payment",
    path: `${BASE}/domestic-scheduled-payment-consents`,
    prefix: "dsc",
    schema: requests.DomesticScheduledPayment,
    checks: [amount, executedLater, authorisedInTime],
  }),
  defineKind({
    ...once,
    kind: "domestic-standing-order",
    path: `${BASE}/domestic-standing-order-consents`,
    prefix: "doc",
    schema: requests.DomesticStandingOrder,
    checks: [
      ({ Initiation: { FirstPaymentAmount, RecurringPaymentAmount, FinalPaymentAmount } }) =>
        amountFaults({
          "Data.Initiation.FirstPaymentAmount": FirstPaymentAmount,
          "Data.Initiation.RecurringPaymentAmount": RecurringPaymentAmount,
          "Data.Initiation.FinalPaymentAmount": FinalPaymentAmount,
        }),
      mandate,
      authorisedInTime,
    ],
  }),
  defineKind({
    ...once,
    kind: "international-payment",
    path: `${BASE}/international-payment-consents`,
    prefix: "ipc",
    schema: requests.InternationalPayment,
    checks: [amount, rate, authorisedInTime],
  }),
  defineKind({
    ...once,
    kind: "international-scheduled-payment",
    path: `${BASE}/international-scheduled-payment-consents`,
    prefix: "isc",
    schema: requests.InternationalScheduledPayment,
    checks: [amount, rate, executedLater, authorisedInTime],
  }),
  defineKind({
    ...once,
    kind: "international-standing-order",
    path: `${BASE}/international-standing-order-consents`,
    prefix: "ioc",
    schema: requests.InternationalStandingOrder,
    checks: [amount, mandate, authorisedInTime],
  }),
  defineKind({
    ...once,
    kind: "file-payment",
    path: `${BASE}/file-payment-consents`,
    prefix: "fpc",
    schema: requests.FilePayment,
    checks: [
      ({ Initiation: { FileType } }) =>
        FILE_TYPES.includes(FileType)
          ? []
          : [
              invalid(
                `Data.Initiation.FileType must be one of ${FILE_TYPES.join(", ")}.`,
                "Data.Initiation.FileType",
              ),
            ],
      executedLater,
      authorisedInTime,
    ],
  }),
];
