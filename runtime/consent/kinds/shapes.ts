import { Type, type TProperties, type TSchema } from "typebox";
import {
  ACCOUNT_TYPES,
  CATEGORY_PURPOSE_CODES,
  DOCUMENT_CODES,
  PROXY_CODES,
  PURPOSE_CODES,
} from "./codes.ts";

/** Parts that requests of the standard share. Named as its definitions name them; lengths are in characters. */

/** An object that has these members and no others. */
export const exact = <P extends TProperties>(properties: P) =>
  Type.Object(properties, { additionalProperties: false });

export const text = (maxLength: number) => Type.String({ minLength: 1, maxLength });
export const oneOf = (values: readonly string[]) => Type.Enum([...values], { type: "string" });
export const optional = <S extends TSchema>(schema: S) => Type.Optional(schema);
export const DateTime = Type.String({ format: "date-time" });
export const Currency = Type.String({ pattern: "^[A-Z]{3}$" });
/** A decimal number of up to 13 digits and 5 decimal places, written as text. */
export const AmountText = Type.String({ pattern: "^\\d{1,13}$|^\\d{1,13}\\.\\d{1,5}$" });
export const Amount = exact({ Amount: AmountText, Currency });

/** Names of codes with a namespace, such as `UK.OBIE.IBAN`; which ones exist differs by country. */
const Namespaced = Type.String({ minLength: 1, maxLength: 128 });
const Lei = Type.String({ maxLength: 20, pattern: "^[0-9]{4}[0]{2}[A-Z0-9]{12}[0-9]{2}" });
const Country = Type.String({ pattern: "^[A-Z]{2}$" });

const accountMembers = {
  SchemeName: Namespaced,
  Identification: text(256),
  SecondaryIdentification: optional(text(34)),
  Proxy: optional(
    Type.Object({ Identification: text(2048), Code: oneOf(PROXY_CODES), Type: optional(text(35)) }),
  ),
};

/** An account to pay from. */
export const DebtorAccount = exact({ ...accountMembers, Name: optional(text(350)) });
/** An account to pay to: its holder is named, for the customer must see whom she pays. */
export const CreditorAccount = exact({ ...accountMembers, Name: text(350) });

export const PostalAddress = exact({
  AddressType: optional(oneOf(["BIZZ", "DLVY", "MLTO", "PBOX", "ADDR", "HOME", "CORR", "STAT"])),
  Department: optional(text(70)),
  SubDepartment: optional(text(70)),
  StreetName: optional(text(140)),
  BuildingNumber: optional(text(16)),
  BuildingName: optional(text(140)),
  Floor: optional(text(70)),
  UnitNumber: optional(text(16)),
  Room: optional(text(70)),
  PostBox: optional(text(16)),
  TownLocationName: optional(text(140)),
  DistrictName: optional(text(140)),
  CareOf: optional(text(140)),
  PostCode: optional(text(16)),
  TownName: optional(text(140)),
  CountrySubDivision: optional(text(35)),
  Country: optional(Country),
  AddressLine: optional(Type.Array(text(70), { maxItems: 7 })),
});

export const Agent = exact({
  SchemeName: optional(Namespaced),
  Identification: optional(text(35)),
  Name: optional(text(140)),
  LEI: optional(Lei),
  PostalAddress: optional(PostalAddress),
});

const Ultimate = Type.Object({
  Name: optional(text(140)),
  Identification: optional(text(256)),
  LEI: optional(Lei),
  SchemeName: optional(Namespaced),
  PostalAddress: optional(PostalAddress),
});

const int32 = Type.Integer({ minimum: -2_147_483_648, maximum: 2_147_483_647 });

const StructuredRemittance = Type.Object({
  ReferredDocumentInformation: optional(
    Type.Array(
      Type.Object({
        Code: optional(oneOf(DOCUMENT_CODES)),
        Issuer: optional(text(35)),
        Number: optional(text(35)),
        RelatedDate: optional(DateTime),
        LineDetails: optional(Type.Array(Type.String())),
      }),
    ),
  ),
  ReferredDocumentAmount: optional(int32),
  CreditorReferenceInformation: optional(
    Type.Object({
      Code: optional(oneOf(["DISP", "FXDR", "PUOR", "RPIN", "RADM", "SCOR"])),
      Issuer: optional(text(35)),
      Reference: optional(text(35)),
    }),
  ),
  Invoicer: optional(text(256)),
  Invoicee: optional(text(256)),
  TaxRemittance: optional(text(140)),
  AdditionalRemittanceInformation: optional(Type.Array(text(140), { maxItems: 3 })),
});

const RegulatoryReport = Type.Object({
  DebitCreditReportingIndicator: optional(oneOf(["CRED", "DEBT", "BOTH"])),
  Authority: optional(Type.Object({ Name: optional(text(140)), CountryCode: optional(Country) })),
  Details: optional(
    Type.Array(
      Type.Object({
        Type: optional(text(35)),
        Date: optional(DateTime),
        Country: optional(Country),
        Amount: optional(Amount),
        Information: optional(Type.Array(text(35))),
      }),
    ),
  ),
});

/** Who else a payment concerns, and what is said about it. */
export const about = {
  UltimateCreditor: optional(Ultimate),
  UltimateDebtor: optional(Ultimate),
  RegulatoryReporting: optional(Type.Array(RegulatoryReport, { maxItems: 10 })),
  RemittanceInformation: optional(
    Type.Object({
      Structured: optional(Type.Array(StructuredRemittance)),
      Unstructured: optional(Type.Array(text(140))),
    }),
  ),
  SupplementaryData: optional(Type.Object({})),
};

/** How the partner sees the payment's risk (`OBRisk1`). */
export const Risk = exact({
  PaymentContextCode: optional(
    oneOf([
      "BillingGoodsAndServicesInAdvance",
      "BillingGoodsAndServicesInArrears",
      "EcommerceMerchantInitiatedPayment",
      "FaceToFacePointOfSale",
      "TransferToSelf",
      "TransferToThirdParty",
    ]),
  ),
  MerchantCategoryCode: optional(Type.String({ minLength: 3, maxLength: 4 })),
  MerchantCustomerIdentification: optional(text(70)),
  ContractPresentIndicator: optional(Type.Boolean()),
  BeneficiaryPrepopulatedIndicator: optional(Type.Boolean()),
  PaymentPurposeCode: optional(oneOf(PURPOSE_CODES)),
  CategoryPurposeCode: optional(oneOf(CATEGORY_PURPOSE_CODES)),
  BeneficiaryAccountType: optional(oneOf(ACCOUNT_TYPES)),
  DeliveryAddress: optional(PostalAddress),
});

/** What stands beside `Initiation` in every payment consent. */
export const beside = {
  Authorisation: optional(
    exact({ AuthorisationType: oneOf(["Any", "Single"]), CompletionDateTime: optional(DateTime) }),
  ),
  SCASupportData: optional(
    Type.Object({
      RequestedSCAExemptionType: optional(
        oneOf([
          "BillPayment",
          "ContactlessTravel",
          "EcommerceGoods",
          "EcommerceServices",
          "Kiosk",
          "Parking",
          "PartyToParty",
        ]),
      ),
      AppliedAuthenticationApproach: optional(oneOf(["CA", "SCA"])),
      ReferencePaymentOrderId: optional(text(40)),
    }),
  ),
};
export const ReadRefundAccount = optional(oneOf(["No", "Yes"]));
export const Permission = oneOf(["Create"]);
export const LocalInstrument = optional(Namespaced);
