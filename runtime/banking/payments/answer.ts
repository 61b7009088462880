import { amountText } from "../money.ts";
import type { Account } from "../core-bank.ts";
import { kindOf, PISP_PATH } from "./kinds.ts";
import type { Members, Payment, Transfer } from "./payment.ts";
import type { Rates } from "./rates.ts";
import { type PaymentState, REASONS } from "./status.ts";

/** What an answer about a payment says besides the payment. */
export interface AnswerParts {
  readonly apiHost: string;
  readonly payer: Account | undefined;
  readonly rates: Rates;
}

/** A payment as its partner reads it (`OBWrite…Response`, `OBDomesticVRPResponse`). */
export function paymentAnswer(payment: Payment, { apiHost, payer, rates }: AnswerParts): object {
  const { id, kind, reason, createdAt, statusAt, nextAt, initiation, instruction } = payment;
  const { resource, idName, when } = kindOf(kind);
  const recurring = kind === "domestic-vrp";
  const debtor = payer && {
    SchemeName: payer.scheme,
    Identification: payer.identification,
    Name: payer.holder,
  };
  return {
    Data: {
      [idName]: id,
      ConsentId: payment.consentId,
      CreationDateTime: createdAt.toISOString(),
      Status: statusTold(payment),
      ...(reason === undefined ? {} : { StatusReason: [reasonOf(reason)] }),
      StatusUpdateDateTime: statusAt.toISOString(),
      ...(nextAt === undefined || (when !== "now" && when !== "date")
        ? {}
        : { ExpectedExecutionDateTime: nextAt.toISOString() }),
      ...exchangeOf(payment, rates),
      Initiation: initiation,
      ...(instruction === undefined ? {} : { Instruction: instruction }),
      ...(debtor === undefined ? {} : { [recurring ? "DebtorAccount" : "Debtor"]: debtor }),
    },
    ...(recurring ? { Risk: payment.risk } : {}),
    Links: { Self: `https://${apiHost}${PISP_PATH}/${resource}/${id}` },
    Meta: {},
  };
}

/** The status, or the nearest that the answer about its kind has. */
function statusTold({ kind, status }: Pick<Payment, "kind" | "status">): PaymentState {
  if (status === "ACCC" && kind === "domestic-scheduled-payment") return "ACSC";
  return status === "CANC" && kind === "domestic-payment" ? "RJCT" : status;
}

/** What became of each transfer of a payment (`OBWritePaymentDetailsResponse1`, `OBDomesticVRPDetails`). */
export function detailsAnswer(payment: Payment, transfers: readonly Transfer[], apiHost: string): object {
  const { resource } = kindOf(payment.kind);
  return {
    Data: {
      PaymentStatus: transfers.map(({ id, status, statusAt, reason }) => ({
        PaymentTransactionId: id,
        Status: status,
        StatusUpdateDateTime: statusAt.toISOString(),
        StatusDetail: {
          Status: status,
          ...(reason === undefined ? {} : { StatusReason: reason, StatusReasonDescription: REASONS[reason] }),
        },
      })),
    },
    ...(payment.kind === "domestic-vrp"
      ? {}
      : {
          Links: { Self: `https://${apiHost}${PISP_PATH}/${resource}/${payment.id}/payment-details` },
          Meta: {},
        }),
  };
}

/** The outcome of a file, line by line. The definitions want a JSON object and leave its members to the bank. */
export function reportFile({ id }: Payment, transfers: readonly Transfer[]): object {
  return {
    FilePaymentId: id,
    Payments: transfers.map((transfer) => ({
      PaymentTransactionId: transfer.id,
      EndToEndIdentification: transfer.endToEnd,
      Amount: {
        Amount: amountText(transfer.creditAmount, transfer.creditCurrency),
        Currency: transfer.creditCurrency,
      },
      Status: transfer.status,
      ...(transfer.reason === undefined ? {} : { StatusReason: [reasonOf(transfer.reason)] }),
    })),
  };
}

function reasonOf(reason: keyof typeof REASONS): object {
  return { StatusReasonCode: reason, StatusReasonDescription: REASONS[reason] };
}

/** The rate of a payment in another currency. */
function exchangeOf({ kind, initiation }: Payment, rates: Rates): object {
  if (kind !== "international-payment" && kind !== "international-scheduled-payment") return {};
  const { Currency: unit } = (initiation["InstructedAmount"] ?? {}) as { readonly Currency?: string };
  const asked = initiation["ExchangeRateInformation"] as Members | undefined;
  const to = initiation["CurrencyOfTransfer"];
  if (unit === undefined || typeof to !== "string" || (unit === to && asked === undefined)) return {};
  if (asked?.["RateType"] === "Agreed") {
    const { UnitCurrency, ExchangeRate, RateType } = asked;
    return { ExchangeRateInformation: { UnitCurrency, ExchangeRate, RateType } };
  }
  const rate = rates.rate(unit, to);
  if (rate === undefined) return {};
  return { ExchangeRateInformation: { UnitCurrency: unit, ExchangeRate: rate, RateType: "Actual" } };
}
