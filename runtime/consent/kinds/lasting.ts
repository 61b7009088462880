import { amountFaults, futureFaults, invalid, orderFaults } from "./checks.ts";
import { defineKind, type KindRules } from "./kind.ts";
import { DomesticVrp, FundsConfirmation } from "./requests.ts";

/** Life of a consent that nobody gave an end, in ms: ten years, and the customer sees and ends it any day. */
const LONG_MS = 3_650 * 86_400_000;

function endOr(time: string | undefined, now: Date): Date {
  return time === undefined ? new Date(now.getTime() + LONG_MS) : new Date(time);
}

const VRP_TYPES = ["UK.OBIE.VRPType.Sweeping", "UK.OBIE.VRPType.Other"];
const AUTHENTICATION = ["UK.OBIE.SCA", "UK.OBIE.SCANotRequired"];

/** Consents to variable recurring payments: what the partner may pay again and again, within limits. */
export const VRP: KindRules = defineKind({
  kind: "domestic-vrp",
  path: "/open-banking/v4.0/pisp/domestic-vrp-consents",
  prefix: "vrp",
  role: "PISP",
  idempotent: true,
  deletable: true,
  schema: DomesticVrp,
  expiresAt: ({ ControlParameters: { ValidToDateTime } }, { now }) => endOr(ValidToDateTime, now),
  checks: [
    ({ ControlParameters: { MaximumIndividualAmount, PeriodicLimits } }) => {
      const path = "Data.ControlParameters";
      const limits = PeriodicLimits.map((limit, n) => [`${path}.PeriodicLimits.${n}`, limit] as const);
      return amountFaults({
        [`${path}.MaximumIndividualAmount`]: MaximumIndividualAmount,
        ...Object.fromEntries(limits),
      });
    },
    ({ ControlParameters: { PeriodicLimits } }) =>
      PeriodicLimits.flatMap(({ PeriodType, PeriodAlignment }, n) =>
        // The ISO calendar does not say when a fortnight begins, so the standard forbids it.
        PeriodType === "Fortnight" && PeriodAlignment === "Calendar"
          ? [
              invalid(
                "A Fortnight has no place in the calendar; align it with the Consent.",
                `Data.ControlParameters.PeriodicLimits.${n}.PeriodAlignment`,
              ),
            ]
          : [],
      ),
    ({ ControlParameters: { ValidFromDateTime, ValidToDateTime } }, circumstances) => {
      const to = ["Data.ControlParameters.ValidToDateTime", ValidToDateTime] as const;
      return [
        ...futureFaults(...to, circumstances),
        ...orderFaults(["Data.ControlParameters.ValidFromDateTime", ValidFromDateTime], to),
      ];
    },
    ({ ControlParameters: { VRPType, PSUAuthenticationMethods } }) => [
      ...unknownCodes("Data.ControlParameters.VRPType", VRPType, VRP_TYPES),
      ...unknownCodes(
        "Data.ControlParameters.PSUAuthenticationMethods",
        PSUAuthenticationMethods,
        AUTHENTICATION,
      ),
    ],
  ],
});

function unknownCodes(path: string, values: readonly string[], known: readonly string[]) {
  return values
    .filter((value) => !known.includes(value))
    .map((value) => invalid(`${path} has ${value}; it may be ${known.join(" or ")}.`, path));
}

/** Consents to be told whether an account holds an amount. */
export const FUNDS_CONFIRMATION: KindRules = defineKind({
  kind: "funds-confirmation",
  path: "/open-banking/v4.0/cbpii/funds-confirmation-consents",
  prefix: "cof",
  role: "CBPII",
  idempotent: false,
  deletable: true,
  schema: FundsConfirmation,
  expiresAt: ({ ExpirationDateTime }, { now }) => endOr(ExpirationDateTime, now),
  checks: [
    ({ ExpirationDateTime }, circumstances) =>
      futureFaults("Data.ExpirationDateTime", ExpirationDateTime, circumstances),
  ],
});
