import { createHash } from "node:crypto";
import type { ConsentKind } from "../../service/consent-snapshot.ts";
import { daysAfter, requestOf } from "./consents.ts";

const Amount = { Amount: "1200.50", Currency: "KES" };
/** The payee of every sample. */
export const PAYEE = {
  SchemeName: "UK.OBIE.IBAN",
  Identification: "KE0000000000000001",
  Name: "Kamau Stores",
};
/** The account that customers of the samples pay from. */
export const PAYER = { SchemeName: "UK.OBIE.IBAN", Identification: "KE0000000000000009", Name: "Amina W." };
const tomorrow = daysAfter(1).toISOString();
const single = {
  InstructionIdentification: "instr-1",
  EndToEndIdentification: "e2e-1",
  InstructedAmount: Amount,
  CreditorAccount: PAYEE,
  RemittanceInformation: { Unstructured: ["Invoice 7"] },
};
const mandate = {
  MandateRelatedInformation: { Frequency: { Type: "MNTH" }, FirstPaymentDateTime: tomorrow },
};
const international = { ...single, CurrencyOfTransfer: "EUR", ChargeBearer: "Shared" };
const Risk = { PaymentContextCode: "TransferToThirdParty" };

/** Two payments as the standard's own JSON writes them: 1200.50 and 99.5. */
export const FILE = Buffer.from(
  JSON.stringify({
    Data: {
      DomesticPayments: [
        { ...single, EndToEndIdentification: "e2e-1" },
        { ...single, EndToEndIdentification: "e2e-2", InstructedAmount: { Amount: "99.5", Currency: "KES" } },
      ],
    },
  }),
);

/** A body that is a good request of each kind. */
export const REQUESTS: Readonly<Record<ConsentKind, { readonly Data: object; readonly Risk?: object }>> = {
  "account-access": requestOf(),
  "domestic-payment": {
    Data: { ReadRefundAccount: "No", Initiation: single, Authorisation: { AuthorisationType: "Single" } },
    Risk,
  },
  "domestic-scheduled-payment": {
    Data: { Permission: "Create", Initiation: { ...single, RequestedExecutionDateTime: tomorrow } },
    Risk,
  },
  "payment-cancellation": { Data: { Cancels: "dsc-1", Initiation: { ...single, DebtorAccount: PAYER } } },
  "domestic-standing-order": {
    Data: {
      Permission: "Create",
      Initiation: { FirstPaymentAmount: Amount, CreditorAccount: PAYEE, ...mandate },
    },
    Risk,
  },
  "international-payment": {
    Data: {
      Initiation: {
        ...international,
        ExchangeRateInformation: {
          UnitCurrency: "EUR",
          RateType: "Agreed",
          ExchangeRate: 140.25,
          ContractIdentification: "fx-1",
        },
      },
    },
    Risk,
  },
  "international-scheduled-payment": {
    Data: { Permission: "Create", Initiation: { ...international, RequestedExecutionDateTime: tomorrow } },
    Risk,
  },
  "international-standing-order": {
    Data: {
      Permission: "Create",
      Initiation: { CurrencyOfTransfer: "EUR", InstructedAmount: Amount, CreditorAccount: PAYEE, ...mandate },
    },
    Risk,
  },
  "file-payment": {
    Data: {
      Initiation: {
        FileType: "UK.OBIE.PaymentInitiation.4.0",
        FileHash: createHash("sha256").update(FILE).digest("base64"),
        NumberOfTransactions: "2",
        ControlSum: 1300,
      },
    },
  },
  "domestic-vrp": {
    Data: {
      ReadRefundAccount: "No",
      ControlParameters: {
        MaximumIndividualAmount: { Amount: "100.00", Currency: "KES" },
        PeriodicLimits: [
          { PeriodType: "Month", PeriodAlignment: "Consent", Amount: "250.00", Currency: "KES" },
        ],
        VRPType: ["UK.OBIE.VRPType.Sweeping"],
        PSUAuthenticationMethods: ["UK.OBIE.SCANotRequired"],
      },
      Initiation: { CreditorAccount: PAYEE },
    },
    Risk: {},
  },
  "funds-confirmation": { Data: { DebtorAccount: PAYER } },
};

const limits = (REQUESTS["domestic-vrp"].Data as { readonly ControlParameters: object }).ControlParameters;

/** Recurring payments as they were agreed to in the words of version 3 of the standard. */
export const VERSION_3 = {
  request: {
    ReadRefundAccount: "No",
    ControlParameters: limits,
    Initiation: {
      CreditorAccount: PAYEE,
      CreditorPostalAddress: { AddressType: "Business", TownName: "Nairobi" },
      RemittanceInformation: { Unstructured: "Rent", Reference: "flat-7" },
    },
  },
  risk: {
    PaymentContextCode: "TransferToThirdParty",
    ContractPresentInidicator: true,
    DeliveryAddress: { AddressType: "Residential", TownName: "Nakuru" },
  },
};

/** The same in those of version 4. */
export const VERSION_4 = {
  request: {
    ...VERSION_3.request,
    Initiation: {
      CreditorAccount: PAYEE,
      CreditorPostalAddress: { AddressType: "BIZZ", TownName: "Nairobi" },
      RemittanceInformation: {
        Unstructured: ["Rent"],
        Structured: [{ CreditorReferenceInformation: { Reference: "flat-7" } }],
      },
    },
  },
  risk: {
    PaymentContextCode: "TransferToThirdParty",
    ContractPresentIndicator: true,
    DeliveryAddress: { AddressType: "HOME", TownName: "Nakuru" },
  },
};
