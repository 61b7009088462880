import { Type } from "typebox";
import { CATEGORY_PURPOSE_CODES, FREQUENCY_CODES } from "./codes.ts";
import {
  about,
  Agent,
  Amount,
  AmountText,
  beside,
  CreditorAccount,
  Currency,
  DateTime,
  DebtorAccount,
  exact,
  LocalInstrument,
  oneOf,
  optional,
  Permission,
  PostalAddress,
  ReadRefundAccount,
  Risk,
  text,
} from "./shapes.ts";

const { RegulatoryReporting, RemittanceInformation, SupplementaryData, UltimateCreditor, UltimateDebtor } =
  about;

const domestic = {
  InstructionIdentification: text(35),
  LocalInstrument,
  InstructedAmount: Amount,
  DebtorAccount: optional(DebtorAccount),
  CreditorAccount,
  CreditorPostalAddress: optional(PostalAddress),
  ...about,
};

/** `OBWriteDomesticConsent4`. */
export const DomesticPayment = exact({
  Data: exact({
    ReadRefundAccount,
    Initiation: exact({ ...domestic, EndToEndIdentification: text(35), CreditorAgent: optional(Agent) }),
    ...beside,
  }),
  Risk,
});

/** `OBWriteDomesticScheduledConsent4`. */
export const DomesticScheduledPayment = exact({
  Data: exact({
    Permission,
    ReadRefundAccount,
    Initiation: exact({
      ...domestic,
      EndToEndIdentification: optional(text(35)),
      RequestedExecutionDateTime: DateTime,
    }),
    ...beside,
  }),
  Risk,
});

/** The words for how often, beside the codes: `OBFrequency6`. */
const INTERVAL =
  "NotKnown|EvryDay|EvryWorkgDay|IntrvlDay:(0[2-9]|[12][0-9]|3[01])|IntrvlWkDay:0[1-9]:0[1-7]|WkInMnthDay:0[1-5]:0[1-7]" +
  "|IntrvlMnthDay:(0[1-6]|12|24):(-0[1-5]|0[1-9]|[12][0-9]|3[01])|QtrDay:(ENGLISH|SCOTTISH|RECEIVED)";

/** How often and when a standing order pays (`OBMandateRelatedInformation1`). */
export const MandateRelatedInformation = Type.Object({
  MandateIdentification: optional(text(35)),
  Classification: optional(oneOf(["FIXE", "USGB", "VARI"])),
  CategoryPurposeCode: optional(oneOf(CATEGORY_PURPOSE_CODES)),
  FirstPaymentDateTime: optional(DateTime),
  RecurringPaymentDateTime: optional(DateTime),
  FinalPaymentDateTime: optional(DateTime),
  Frequency: Type.Object({
    Type: Type.String({ pattern: `^(${FREQUENCY_CODES.join("|")}|${INTERVAL})$` }),
    CountPerPeriod: optional(Type.Integer({ minimum: 1, maximum: 2_147_483_647 })),
    PointInTime: optional(Type.String({ pattern: "^[0-9]{2}$" })),
  }),
  Reason: optional(text(256)),
});

/** `OBWriteDomesticStandingOrderConsent5`. */
export const DomesticStandingOrder = exact({
  Data: exact({
    Permission,
    ReadRefundAccount,
    Initiation: exact({
      NumberOfPayments: optional(text(35)),
      FirstPaymentAmount: Amount,
      RecurringPaymentAmount: optional(Amount),
      FinalPaymentAmount: optional(Amount),
      DebtorAccount: optional(DebtorAccount),
      CreditorAccount,
      MandateRelatedInformation,
      ...about,
    }),
    ...beside,
  }),
  Risk,
});

const abroad = {
  ExtendedPurpose: optional(text(140)),
  ChargeBearer: optional(oneOf(["BorneByCreditor", "BorneByDebtor", "FollowingServiceLevel", "Shared"])),
  CurrencyOfTransfer: Currency,
  DestinationCountryCode: optional(Type.String({ pattern: "^[A-Z]{2}$" })),
  InstructedAmount: Amount,
  DebtorAccount: optional(DebtorAccount),
  Creditor: optional(
    exact({
      Name: optional(text(350)),
      LEI: optional(Type.String({ maxLength: 20, pattern: "^[0-9]{4}[0]{2}[A-Z0-9]{12}[0-9]{2}" })),
      PostalAddress: optional(PostalAddress),
    }),
  ),
  CreditorAgent: optional(Agent),
  CreditorAccount,
  ...about,
};

/** The rate a partner wants for a payment in another currency. */
export const ExchangeRateInformation = exact({
  UnitCurrency: Currency,
  ExchangeRate: optional(Type.Number({ exclusiveMinimum: 0 })),
  RateType: oneOf(["Actual", "Agreed", "Indicative"]),
  ContractIdentification: optional(text(256)),
});

const international = {
  ...abroad,
  InstructionIdentification: text(35),
  LocalInstrument,
  InstructionPriority: optional(oneOf(["Normal", "Urgent"])),
  ExchangeRateInformation: optional(ExchangeRateInformation),
};

/** `OBWriteInternationalConsent5`. */
export const InternationalPayment = exact({
  Data: exact({
    ReadRefundAccount,
    Initiation: exact({ ...international, EndToEndIdentification: text(35) }),
    ...beside,
  }),
  Risk,
});

/** `OBWriteInternationalScheduledConsent5`. */
export const InternationalScheduledPayment = exact({
  Data: exact({
    Permission,
    ReadRefundAccount,
    Initiation: exact({
      ...international,
      EndToEndIdentification: optional(text(35)),
      RequestedExecutionDateTime: DateTime,
    }),
    ...beside,
  }),
  Risk,
});

/** `OBWriteInternationalStandingOrderConsent6`. */
export const InternationalStandingOrder = exact({
  Data: exact({
    Permission,
    ReadRefundAccount,
    Initiation: exact({ ...abroad, NumberOfPayments: optional(text(35)), MandateRelatedInformation }),
    ...beside,
  }),
  Risk,
});

/** `OBWriteFileConsent3`. */
export const FilePayment = exact({
  Data: exact({
    Initiation: exact({
      FileType: text(128),
      FileHash: text(44),
      FileReference: optional(text(40)),
      NumberOfTransactions: optional(Type.String({ pattern: "^[0-9]{1,15}$" })),
      ControlSum: optional(Type.Number({ minimum: 0 })),
      RequestedExecutionDateTime: optional(DateTime),
      LocalInstrument,
      CreditorAgent: optional(Agent),
      DebtorAccount: optional(DebtorAccount),
      UltimateDebtor,
      RemittanceInformation,
      SupplementaryData,
    }),
    ...beside,
  }),
});

/** `OBDomesticVRPConsentRequest`. */
export const DomesticVrp = Type.Object({
  Data: Type.Object({
    ReadRefundAccount,
    ControlParameters: Type.Object({
      ValidFromDateTime: optional(DateTime),
      ValidToDateTime: optional(DateTime),
      MaximumIndividualAmount: Amount,
      PeriodicLimits: Type.Array(
        Type.Object({
          PeriodType: oneOf(["Day", "Week", "Fortnight", "Month", "Half-year", "Year"]),
          PeriodAlignment: oneOf(["Consent", "Calendar"]),
          Amount: AmountText,
          Currency,
        }),
        { minItems: 1, maxItems: 12 },
      ),
      VRPType: Type.Array(text(128), { minItems: 1, maxItems: 8 }),
      PSUAuthenticationMethods: Type.Array(text(128), { minItems: 1, maxItems: 8 }),
      PSUInteractionTypes: optional(Type.Array(oneOf(["InSession", "OffSession"]), { maxItems: 2 })),
      SupplementaryData: optional(Type.Object({})),
    }),
    Initiation: Type.Object({
      DebtorAccount: optional(Type.Intersect([DebtorAccount, Type.Object({ Name: text(350) })])),
      CreditorAccount: optional(CreditorAccount),
      CreditorPostalAddress: optional(PostalAddress),
      UltimateCreditor,
      UltimateDebtor,
      RemittanceInformation,
      RegulatoryReporting,
    }),
  }),
  Risk,
});

/** `OBFundsConfirmationConsent1`. */
export const FundsConfirmation = exact({
  Data: exact({ ExpirationDateTime: optional(DateTime), DebtorAccount }),
});
