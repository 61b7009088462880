import { randomUUID } from "node:crypto";

/**
 * The codes an Open Banking UK 4.0 error may carry, by the name each had in version 3
 * (code set `OBExternalStatusReason1Code`).
 */
export const OBUK_CODES = {
  FieldExpected: "U001",
  FieldInvalid: "U002",
  FieldInvalidDate: "U003",
  FieldMissing: "U004",
  FieldUnexpected: "U005",
  HeaderInvalid: "U006",
  HeaderMissing: "U007",
  ConsentMismatch: "U008",
  InvalidConsentStatus: "U009",
  InvalidFormat: "U010",
  NotFound: "U011",
  AfterCutOffDateTime: "U012",
  DuplicateReference: "U013",
  FailsControlParameters: "U014",
  SignatureInvalid: "U015",
  SignatureInvalidClaim: "U016",
  SignatureMissingClaim: "U017",
  SignatureMalformed: "U018",
  SignatureMissing: "U019",
  UnsupportedAccountIdentifier: "U021",
  UnsupportedCurrency: "U023",
  UnsupportedFrequency: "U025",
  UnsupportedLocalInstrument: "U026",
  UnsupportedScheme: "U027",
  Reauthenticate: "U028",
  AlreadyExists: "U029",
  Other: "U042",
} as const;
export type ObukReason = keyof typeof OBUK_CODES;

/** One thing wrong with a request. */
export interface ObukFault {
  readonly reason: ObukReason;
  readonly message: string;
  /** Where, such as `Data.Permissions` or the name of a header. */
  readonly path?: string | undefined;
}

/** `OBErrorResponse1` without its deprecated members. */
export interface ObukErrorBody {
  readonly Id: string;
  readonly Errors: readonly {
    readonly ErrorCode: string;
    readonly Message: string;
    readonly Path?: string;
  }[];
}

/** Longest `Message` and `Path` the standard allows. */
const LONGEST = 500;

/** The body of a refusal in the dialect of Open Banking UK 4.0. */
export function obukErrorBody(faults: readonly ObukFault[], id: string = randomUUID()): ObukErrorBody {
  return {
    Id: id,
    Errors: faults.map(({ reason, message, path }) => ({
      ErrorCode: OBUK_CODES[reason],
      Message: message.slice(0, LONGEST),
      // A member may have no name; the standard's paths have one.
      ...(path === undefined || path === "" ? {} : { Path: path.slice(0, LONGEST) }),
    })),
  };
}

/** A refusal on an Open Banking UK path. An unknown resource is 400 there, another partner's is 403. */
export class ObukError extends Error {
  override readonly name = "ObukError";
  readonly status: number;
  readonly faults: readonly ObukFault[];

  constructor(
    status: number,
    faults: ObukFault | readonly ObukFault[],
    options?: { readonly cause?: unknown },
  ) {
    const list: readonly ObukFault[] = "reason" in faults ? [faults] : faults;
    super(list.map(({ message }) => message).join(" "), options);
    this.status = status;
    this.faults = list;
  }

  /** What the partner reads; `id` is the interaction id, by which support finds the request. */
  body(id?: string): ObukErrorBody {
    return obukErrorBody(this.faults, id);
  }
}

/** Paths whose errors speak the dialect of Open Banking UK. */
export function isObukPath(url: string): boolean {
  return url.startsWith("/open-banking/");
}
