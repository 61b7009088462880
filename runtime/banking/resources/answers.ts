import type { Access } from "../access.ts";
import type { Account } from "../core-bank.ts";
import type { Members, Payment } from "../payments/payment.ts";
import type { Payee } from "../payments/store.ts";

/** Somebody the account has paid before (`OBBeneficiary5`); the number only with ReadBeneficiariesDetail. */
export function beneficiaryAnswer({ id, account, creditor, reference }: Payee, access: Access): object {
  const { scheme, identification, name } = creditor;
  return {
    AccountId: account,
    BeneficiaryId: id,
    BeneficiaryType: "Ordinary",
    Reference: reference.slice(0, 35),
    ...(access.may("ReadBeneficiariesDetail")
      ? { CreditorAccount: accountPart(scheme, identification, name) }
      : {}),
  };
}

/** A standing order (`OBStandingOrder6`); the payee only with ReadStandingOrdersDetail. */
export function standingOrderAnswer(payment: Payment, access: Access): object {
  const { id, account, nextAt, initiation, runs, status, statusAt } = payment;
  const first = initiation["FirstPaymentAmount"] ?? initiation["InstructedAmount"];
  return {
    AccountId: account,
    StandingOrderId: id,
    ...(nextAt === undefined ? {} : { NextPaymentDateTime: nextAt.toISOString() }),
    ...(runs === 0 ? {} : { LastPaymentDateTime: statusAt.toISOString() }),
    ...given({ NumberOfPayments: initiation["NumberOfPayments"] }),
    StandingOrderStatusCode: status === "CANC" ? "CANC" : nextAt === undefined ? "EXPI" : "ACTV",
    FirstPaymentAmount: first,
    ...given({ FinalPaymentAmount: initiation["FinalPaymentAmount"] }),
    MandateRelatedInformation: initiation["MandateRelatedInformation"],
    ...(access.may("ReadStandingOrdersDetail") ? creditorPart(initiation) : {}),
  };
}

/** A payment that waits for its date (`OBScheduledPayment3`); the payee only with ReadScheduledPaymentsDetail. */
export function scheduledPaymentAnswer({ id, account, initiation }: Payment, access: Access): object {
  return {
    AccountId: account,
    ScheduledPaymentId: id,
    ScheduledPaymentDateTime: initiation["RequestedExecutionDateTime"],
    ScheduledType: "Execution",
    InstructedAmount: initiation["InstructedAmount"],
    ...(access.may("ReadScheduledPaymentsDetail") ? creditorPart(initiation) : {}),
  };
}

/** What an account is (`OBReadProduct2`). */
export function productAnswer({ id, description, category, typeCode }: Account): object {
  const type = category === "Business" ? "BusinessCurrentAccount" : "PersonalCurrentAccount";
  return {
    AccountId: id,
    ProductId: `${category}-${typeCode}`,
    ProductName: description,
    ...(typeCode === "CACC"
      ? { ProductType: type }
      : { ProductType: "Other", OtherProductType: { Name: description, Description: description } }),
  };
}

/** The customer (`OBParty2`). */
export function partyAnswer(customer: string, name: string): object {
  return { PartyId: customer, PartyType: "Sole", Name: name, FullLegalName: name };
}

function creditorPart(initiation: Members): object {
  const creditor = initiation["CreditorAccount"] as
    | { readonly SchemeName: string; readonly Identification: string; readonly Name?: string }
    | undefined;
  if (creditor === undefined) return {};
  return { CreditorAccount: accountPart(creditor.SchemeName, creditor.Identification, creditor.Name) };
}

function accountPart(scheme: string, identification: string, name: string | undefined): object {
  return { SchemeName: scheme, Identification: identification, ...given({ Name: name }) };
}

/** Members that are there. */
function given(members: Members): Members {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
