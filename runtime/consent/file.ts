import { createHash } from "node:crypto";
import type { ObukFault } from "../service/obuk-error.ts";

/** What a partner announced of a file: members of `OBWriteFile2` `Initiation`. */
export interface FileInitiation {
  readonly FileType: string;
  /** SHA-256 of the file, base64. */
  readonly FileHash: string;
  readonly NumberOfTransactions?: string;
  readonly ControlSum?: number;
}

/** What is in a file of payments. */
interface Contents {
  readonly count: number;
  /** Sum of the amounts, whatever their currency, in hundred-thousandths. */
  readonly sum: bigint;
}

/** Where a file is not what was announced; nothing when it is. */
export function fileFaults(announced: FileInitiation, content: Buffer): readonly ObukFault[] {
  const { FileHash, NumberOfTransactions, ControlSum } = announced;
  const hash = createHash("sha256").update(content).digest("base64");
  if (hash !== FileHash) {
    const message = `The file's SHA-256 is ${hash}, but the consent announced ${FileHash}; send that file.`;
    return [{ reason: "FieldInvalid", message, path: "Data.Initiation.FileHash" }];
  }
  const contents = contentsOf(announced.FileType, content.toString("utf8"));
  if (contents === undefined) {
    const message = `The file is no ${announced.FileType}; make another consent for the type it is.`;
    return [{ reason: "InvalidFormat", message, path: "Data.Initiation.FileType" }];
  }
  const { count, sum } = contents;
  const faults: ObukFault[] = [];
  if (NumberOfTransactions !== undefined && BigInt(NumberOfTransactions) !== BigInt(count)) {
    const message = `The file has ${count} payments, but the consent announced ${NumberOfTransactions}.`;
    faults.push({ reason: "FieldInvalid", message, path: "Data.Initiation.NumberOfTransactions" });
  }
  if (ControlSum !== undefined && unitsOf(String(ControlSum)) !== sum) {
    const message = `The file's amounts add up to ${textOf(sum)}, but the consent announced ${ControlSum}.`;
    faults.push({ reason: "FieldInvalid", message, path: "Data.Initiation.ControlSum" });
  }
  return faults;
}

function contentsOf(type: string, text: string): Contents | undefined {
  const amounts = type.includes("pain.001") ? amountsOfPain(text) : amountsOfJson(text);
  const units = amounts?.map(unitsOf);
  if (units === undefined || units.length === 0 || units.some((unit) => unit === undefined)) return undefined;
  return { count: units.length, sum: units.reduce<bigint>((sum, unit) => sum + (unit ?? 0n), 0n) };
}

/** `{"Data": {"DomesticPayments": [{"InstructedAmount": {"Amount": …}, …}]}}`. */
function amountsOfJson(text: string): readonly string[] | undefined {
  try {
    const { Data: data } = JSON.parse(text) as {
      readonly Data: {
        readonly DomesticPayments: readonly { readonly InstructedAmount: { readonly Amount: unknown } }[];
      };
    };
    return data.DomesticPayments.map(({ InstructedAmount: { Amount: amount } }) => String(amount));
  } catch {
    return undefined;
  }
}

/** The instructed amounts of an ISO 20022 pain.001; comments and character data that only look like one are none. */
function amountsOfPain(text: string): readonly string[] | undefined {
  const xml = text.replaceAll(/<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>/g, "");
  if (!/<(?:\w+:)?CstmrCdtTrfInitn[\s>]/.test(xml)) return undefined;
  return [...xml.matchAll(/<(?:\w+:)?(?:InstdAmt|EqvtAmt)\b[^>]*>\s*([\d.]+)\s*</g)].map(
    ([, amount = ""]) => amount,
  );
}

/** A decimal number in hundred-thousandths, or undefined when it is none. */
function unitsOf(text: string): bigint | undefined {
  const [, whole, fraction = ""] = /^(\d{1,18})(?:\.(\d{1,5}))?$/.exec(text) ?? [];
  return whole === undefined ? undefined : BigInt(whole + fraction.padEnd(5, "0"));
}

function textOf(units: bigint): string {
  const digits = String(units).padStart(6, "0");
  return `${digits.slice(0, -5)}.${digits.slice(-5)}`.replace(/\.?0+$/, "");
}
