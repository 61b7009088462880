import { type Jurisdiction, JURISDICTIONS } from "./jurisdiction.ts";

/** Numbers of a ConsentPolicy that a law may bound. */
export const BOUNDED = ["reauthenticationDays", "transactionHistoryDays", "unattendedCallsPerDay"] as const;
export type Bounded = (typeof BOUNDED)[number];

/** The most that a law lets a policy give. */
export interface Bound {
  readonly most: number;
  /** Where the law says so. */
  readonly source: string;
}

/**
 * How far a policy may go under each law; it may always give less. What a law leaves open is bounded by the schema alone.
 *
 * ke-cbk bounds nothing here: what the Central Bank of Kenya will ask for is not published, and the Data Protection Act 2019 names
 * no number. A higher count of calls that bank and partner agree on (article 36(5)(b)) is not a policy's to give.
 */
export const LAW: Readonly<Record<Jurisdiction, Readonly<Partial<Record<Bounded, Bound>>>>> = {
  "ke-cbk": {},
  "eu-psd2": {
    reauthenticationDays: { most: 180, source: "EU 2018/389 article 10a(2)(b)" },
    transactionHistoryDays: { most: 90, source: "EU 2018/389 article 10a(1)(b)" },
    unattendedCallsPerDay: { most: 4, source: "EU 2018/389 article 36(5)(b)" },
  },
  "uk-ob": {
    transactionHistoryDays: { most: 90, source: "UK SCA-RTS article 10A(1)(b)" },
    unattendedCallsPerDay: { most: 4, source: "UK SCA-RTS article 36(5)(b)" },
  },
};

/** What of a policy a law does not allow. */
export interface Excess extends Bound {
  readonly what: Bounded;
  readonly given: number;
}

/** Everything in which a policy goes further than a law lets it. */
export function beyond(law: Jurisdiction, policy: Readonly<Record<Bounded, number>>): readonly Excess[] {
  return BOUNDED.flatMap((what) => {
    const bound = LAW[law][what];
    return bound && policy[what] > bound.most ? [{ what, given: policy[what], ...bound }] : [];
  });
}

/** The same as rules of the schema, against the law that the policy itself is written for. */
export const LAW_RULES = JURISDICTIONS.flatMap((law) =>
  BOUNDED.flatMap((what) => {
    const bound = LAW[law][what];
    return bound === undefined
      ? []
      : [
          {
            rule: `self.jurisdiction != '${law}' || self.${what} <= ${bound.most}`,
            message: `Under ${law} ${what} is ${bound.most} at most (${bound.source}); lower it.`,
          },
        ];
  }),
);
