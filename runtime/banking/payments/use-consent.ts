import { ObukError, type ObukReason } from "../../service/obuk-error.ts";
import type { Queries } from "../../service/postgres.ts";
import type { ConsentKind } from "../../service/consent-snapshot.ts";
import type { Submission } from "./submit.ts";

/** What a consent is used for. */
type Use = Pick<Submission, "consentId" | "initiation" | "instruction"> & {
  readonly kind: ConsentKind;
  readonly claim: Pick<Submission["claim"], "clientId" | "resource" | "at">;
};

/** Uses the consent inside the payment's transaction. @throws ObukError 400 when it does not carry the payment. */
export async function useConsent(
  tx: Queries,
  { kind, claim, consentId, initiation, instruction }: Use,
): Promise<{ readonly customer: string; readonly account: string }> {
  const { rows } = await tx.query<{ readonly used: ConsentUse }>(
    "select consent.use($1, $2, $3, $4, $5, $6) as used",
    [consentId, claim.clientId, initiation, instruction, claim.resource, claim.at],
  );
  const used = rows[0]?.used;
  switch (used?.outcome) {
    case "Used":
      if (used.kind !== kind)
        throw refused("ConsentMismatch", `The consent is a ${used.kind}'s.`, "Data.ConsentId");
      return { customer: used.customer, account: used.debtorAccount };
    case "WrongState":
      throw refused("InvalidConsentStatus", `The consent stands at ${used.state}.`, "Data.ConsentId");
    case "Expired":
      throw refused("InvalidConsentStatus", "The consent's time is over.", "Data.ConsentId");
    case "InitiationDiffers":
      throw refused("ConsentMismatch", "The initiation is not the consent's.", "Data.Initiation");
    case "LimitExceeded":
      throw refused(
        "FailsControlParameters",
        `The payment would exceed ${used.limit?.name ?? "a limit"} of the consent.`,
        "Data.Instruction.InstructedAmount",
      );
    case "NotFound":
    case undefined:
      throw refused("NotFound", "There is no such consent.", "Data.ConsentId");
  }
}

interface ConsentUse {
  readonly outcome: "Used" | "NotFound" | "WrongState" | "InitiationDiffers" | "LimitExceeded" | "Expired";
  readonly state: string;
  readonly kind: string;
  readonly customer: string;
  readonly debtorAccount: string;
  readonly limit?: { readonly name: string };
}

/** The partner is told what its consent does not carry. */
export function refused(reason: ObukReason, message: string, path: string): ObukError {
  return new ObukError(400, { reason, message, path });
}
