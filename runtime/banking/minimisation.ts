import type { FastifyInstance } from "fastify";
import type { Minimisation } from "../../crds/consent-policy.ts";
import { BERLIN_GROUP_PATH } from "../service/berlin-group.ts";
import { CONTEXT_HEADER, parseContext } from "../service/context.ts";

/** What becomes of a member: left out, or cut down to its last four characters. */
type Cut = "Withheld" | "LastFour";

/**
 * Members of answers that each word of a policy cuts, by their names in both dialects. Optional members of the standards
 * are withheld; a number that the standard insists on keeps its end.
 */
const CUTS: Readonly<Record<Minimisation, Readonly<Record<string, Cut>>>> = {
  // Below `Account` alone: the same names elsewhere are of somebody else's accounts. The Berlin Group's numbers have
  // patterns that no shortened one fits.
  AccountNumbers: {
    "Account.Identification": "LastFour",
    "Account.SecondaryIdentification": "Withheld",
    "account.iban": "Withheld",
    "account.bban": "Withheld",
    "accounts.iban": "Withheld",
    "accounts.bban": "Withheld",
  },
  Counterparties: {
    CreditorAccount: "Withheld",
    DebtorAccount: "Withheld",
    // A hash of the payee's number: whoever tries all numbers finds it.
    BeneficiaryId: "Withheld",
    MerchantDetails: "Withheld",
    creditorName: "Withheld",
    debtorName: "Withheld",
    creditorAccount: "Withheld",
    debtorAccount: "Withheld",
  },
  RunningBalances: { "Transaction.Balance": "Withheld", balanceAfterTransaction: "Withheld" },
  TransactionTexts: {
    TransactionInformation: "Withheld",
    Reference: "Withheld",
    remittanceInformationUnstructured: "Withheld",
  },
};

/** Below these addresses account information is given. */
const READS = ["/open-banking/v4.0/aisp/", `${BERLIN_GROUP_PATH}/accounts`];

/**
 * An answer without what the policy of its consent withholds: the same answer, valid by its definition as before.
 *
 * @param words of `minimisation` in the policy; those unknown here belong to a later version and cut nothing.
 */
export function minimised(answer: unknown, words: readonly string[]): unknown {
  const cuts = Object.assign({}, ...words.map((word) => CUTS[word as Minimisation])) as Readonly<
    Record<string, Cut>
  >;
  return cutDown(answer, "", cuts);
}

function cutDown(value: unknown, parent: string, cuts: Readonly<Record<string, Cut>>): unknown {
  if (Array.isArray(value)) return value.map((each) => cutDown(each, parent, cuts));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]): [string, unknown][] => {
      const cut = cuts[`${parent}.${name}`] ?? cuts[name];
      if (cut === "Withheld") return [];
      return [[name, cut === "LastFour" ? lastFour(member) : cutDown(member, name, cuts)]];
    }),
  );
}

/** Of a number with no more than four characters nothing is left, nor of what is no text. */
function lastFour(value: unknown): string {
  return `****${typeof value === "string" && value.length > 4 ? value.slice(-4) : ""}`;
}

/** Cuts every answer of account information down to what the policy of its consent lets partners have. */
export function minimiseAnswers(app: FastifyInstance): void {
  app.addHook("preSerialization", async (request, reply, payload) => {
    if (reply.statusCode !== 200 || !READS.some((base) => request.url.startsWith(base))) return payload;
    const words = parseContext(request.headers[CONTEXT_HEADER])?.consent?.minimisation ?? [];
    return words.length === 0 ? payload : minimised(payload, words);
  });
}
