import { Type } from "typebox";
import { Compile, type Validator } from "typebox/compile";
import { formFaults } from "../../service/form-faults.ts";
import { ObukError } from "../../service/obuk-error.ts";
import { isStorable, UNSTORABLE } from "../../service/storable.ts";
import type { KindOfPayment } from "./kinds.ts";
import type { Members } from "./payment.ts";

const Object_ = Type.Record(Type.String(), Type.Unknown());
const strict = { additionalProperties: false };
const ConsentId = Type.String({ minLength: 1, maxLength: 128 });

/** What any payment repeats of its consent; that it is the same is checked by the consent service, word for word. */
const Repeated = Type.Object(
  { Data: Type.Object({ ConsentId, Initiation: Object_ }, strict), Risk: Object_ },
  strict,
);
const FilePayment = Type.Object({ Data: Type.Object({ ConsentId, Initiation: Object_ }, strict) }, strict);
const Recurring = Type.Object(
  {
    Data: Type.Object(
      {
        ConsentId,
        PSUAuthenticationMethod: Type.String({ minLength: 1, maxLength: 128 }),
        PSUInteractionType: Type.Optional(Type.Enum(["InSession", "OffSession"], { type: "string" })),
        VRPType: Type.String({ minLength: 1, maxLength: 128 }),
        Initiation: Object_,
        Instruction: Type.Object(
          {
            InstructionIdentification: Type.String({ minLength: 1, maxLength: 35 }),
            EndToEndIdentification: Type.String({ minLength: 1, maxLength: 35 }),
            InstructedAmount: Type.Object(
              {
                Amount: Type.String({ pattern: "^\\d{1,13}$|^\\d{1,13}\\.\\d{1,5}$" }),
                Currency: Type.String({ pattern: "^[A-Z]{3}$" }),
              },
              strict,
            ),
            CreditorAccount: Type.Object(
              {
                SchemeName: Type.String({ minLength: 1, maxLength: 40 }),
                Identification: Type.String({ minLength: 1, maxLength: 256 }),
                Name: Type.String({ minLength: 1, maxLength: 350 }),
                SecondaryIdentification: Type.Optional(Type.String({ minLength: 1, maxLength: 34 })),
                Proxy: Type.Optional(Object_),
              },
              strict,
            ),
            RemittanceInformation: Type.Optional(
              Type.Object(
                {
                  Structured: Type.Optional(Type.Array(Object_)),
                  Unstructured: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 140 }))),
                },
                strict,
              ),
            ),
            LocalInstrument: Type.Optional(Type.String()),
            CreditorPostalAddress: Type.Optional(Object_),
            UltimateCreditor: Type.Optional(Object_),
            SupplementaryData: Type.Optional(Object_),
          },
          strict,
        ),
      },
      strict,
    ),
    Risk: Object_,
  },
  strict,
);

const repeated = Compile(Repeated);
const filePayment = Compile(FilePayment);
const recurring = Compile(Recurring);

/** The parts of a payment request. */
export interface PaymentRequest {
  readonly consentId: string;
  readonly initiation: Members;
  readonly instruction: Members | undefined;
  readonly risk: Members;
}

/**
 * Reads a payment as a partner sends it.
 *
 * @throws ObukError 400 that names each field that is wrong.
 */
export function readPayment({ kind, when }: KindOfPayment, body: unknown): PaymentRequest {
  if (kind === "domestic-vrp") {
    const { Data, Risk } = checked(recurring, body);
    return {
      consentId: Data.ConsentId,
      initiation: Data.Initiation,
      instruction: Data.Instruction,
      risk: Risk,
    };
  }
  if (when === "file") {
    const { Data } = checked(filePayment, body);
    return { consentId: Data.ConsentId, initiation: Data.Initiation, instruction: undefined, risk: {} };
  }
  const { Data, Risk } = checked(repeated, body);
  return { consentId: Data.ConsentId, initiation: Data.Initiation, instruction: undefined, risk: Risk };
}

/** A body that has the form. @throws ObukError 400 */
export function checked<T>(
  validator: { Check(value: unknown): value is T; Errors: Validator["Errors"] },
  body: unknown,
): T {
  if (!validator.Check(body)) throw new ObukError(400, formFaults(validator.Errors(body)));
  if (!isStorable(body)) throw new ObukError(400, UNSTORABLE);
  return body;
}
