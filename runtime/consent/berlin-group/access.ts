import { Type, type Static } from "typebox";
import { Compile } from "typebox/compile";
import { BerlinGroupError, type TppMessage } from "../../service/berlin-group.ts";
import { formFaults } from "../../service/form-faults.ts";
import type { ObukFault } from "../../service/obuk-error.ts";
import { latestEnd, type AccountAccessRequest } from "../kinds/account-access.ts";
import type { Circumstances } from "../kinds/kind.ts";
import { exact, optional } from "../kinds/shapes.ts";

const References = optional(Type.Array(Type.Object({}), { maxItems: 200 }));

/** What a partner sends to ask for account access (NextGenPSD2 1.3.11, `consents`). */
export const AccessRequest = exact({
  access: Type.Object({ accounts: References, balances: References, transactions: References }),
  recurringIndicator: Type.Boolean(),
  validUntil: Type.String({ format: "date" }),
  frequencyPerDay: Type.Integer({ minimum: 1, maximum: 10_000 }),
  combinedServiceIndicator: Type.Boolean(),
});
export type AccessRequest = Static<typeof AccessRequest>;

/** What a consent gives, by the names of both dialects. A list is there when its rights are. */
const RIGHTS = {
  accounts: ["ReadAccountsDetail"],
  balances: ["ReadBalances"],
  transactions: ["ReadTransactionsDetail", "ReadTransactionsCredits", "ReadTransactionsDebits"],
} as const satisfies Record<keyof AccessRequest["access"], readonly string[]>;
type Right = keyof typeof RIGHTS;
const ALL = Object.keys(RIGHTS) as readonly Right[];

/** Any of these shows a partner something of a right. */
const SHOWN_BY: Readonly<Record<Right, readonly string[]>> = {
  accounts: ["ReadAccountsBasic", "ReadAccountsDetail"],
  balances: ["ReadBalances"],
  transactions: ["ReadTransactionsBasic", "ReadTransactionsDetail"],
};

/** The permissions that rights are; whoever reads anything of an account may know the account. */
export function permissionsOf(access: AccessRequest["access"]): readonly string[] {
  return ALL.filter((right) => right === "accounts" || access[right] !== undefined).flatMap(
    (right) => RIGHTS[right],
  );
}

/** The rights that permissions are. */
export function rightsOf(permissions: readonly string[]): readonly Right[] {
  return ALL.filter((right) => SHOWN_BY[right].some((name) => permissions.includes(name)));
}

const validator = Compile(AccessRequest);

/**
 * The request in the words of Open Banking UK, by which it is decided.
 *
 * A `validUntil` beyond what the policy allows is brought forward to it, as the standard foresees.
 *
 * @throws BerlinGroupError 400 that names what cannot be read or is not offered.
 */
export function readAccessRequest(
  body: unknown,
  circumstances: Circumstances,
): { readonly sent: AccessRequest; readonly asked: AccountAccessRequest } {
  if (!validator.Check(body)) throw new BerlinGroupError(formFaults(validator.Errors(body)).map(formError));
  const refused = notOffered(body);
  if (refused.length > 0) throw new BerlinGroupError(refused);
  const latest = latestEnd(circumstances).toISOString();
  const bounded = body.validUntil >= latest.slice(0, 10);
  const Permissions = [...permissionsOf(body.access)];
  const ExpirationDateTime = bounded ? latest : `${body.validUntil}T23:59:59.999Z`;
  return { sent: body, asked: { Data: { Permissions, ExpirationDateTime }, Risk: {} } };
}

function notOffered({ access, recurringIndicator, combinedServiceIndicator }: AccessRequest): TppMessage[] {
  const messages: TppMessage[] = [];
  const refuse = (path: string, text: string): void => {
    messages.push({ code: "PARAMETER_NOT_SUPPORTED", text: `${path} ${text}`, path });
  };
  for (const [name, value] of Object.entries(access)) {
    const path = `access.${name}`;
    if (!ALL.includes(name as Right)) refuse(path, `is not offered; ask for ${ALL.join(", ")}.`);
    else if (Array.isArray(value) && value.length > 0)
      refuse(path, "must be an empty list: the customer chooses her accounts at the bank.");
  }
  if (Object.keys(access).length === 0)
    messages.push({ code: "FORMAT_ERROR", text: "access asks for nothing.", path: "access" });
  if (!recurringIndicator) refuse("recurringIndicator", "must be true: one access alone is not offered.");
  if (combinedServiceIndicator) {
    const text = "combinedServiceIndicator must be false: sessions are not offered.";
    messages.push({ code: "SESSIONS_NOT_SUPPORTED", text, path: "combinedServiceIndicator" });
  }
  return messages;
}

/** A fault of the form in the words of the Berlin Group. */
export function formError({ reason, message, path }: ObukFault): TppMessage {
  const code = reason === "FieldUnexpected" ? "PARAMETER_NOT_SUPPORTED" : "FORMAT_ERROR";
  return { code, text: message, path };
}
