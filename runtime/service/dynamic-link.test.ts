import fc from "fast-check";
import { expect, test } from "vitest";
import { CANCELLATION } from "./consent-snapshot.ts";
import { dynamicLink } from "./dynamic-link.ts";

const request = {
  Initiation: {
    InstructedAmount: { Amount: "10.00", Currency: "KES" },
    CreditorAccount: { SchemeName: "UK.OBIE.IBAN", Identification: "KE1", Name: "Kamau" },
  },
};
const link = dynamicLink("domestic-payment", request);

test("a link does not depend on the order in which the request was written", () => {
  const turned = Object.fromEntries(Object.entries(request.Initiation).toReversed());
  expect(dynamicLink("domestic-payment", { Initiation: turned })).toBe(link);
});

test.each([
  { InstructedAmount: { Amount: "10.01", Currency: "KES" } },
  { InstructedAmount: { Amount: "10.00", Currency: "EUR" } },
  { CreditorAccount: { ...request.Initiation.CreditorAccount, Identification: "KE2" } },
  { CreditorAccount: { ...request.Initiation.CreditorAccount, Name: "Kamau Ltd" } },
  { DebtorAccount: { SchemeName: "UK.OBIE.IBAN", Identification: "KE3" } },
])("another link belongs to %j", (change) => {
  const changed = { Initiation: { ...request.Initiation, ...change } };
  expect(dynamicLink("domestic-payment", changed)).not.toBe(link);
});

test("cancelling a payment is linked to that payment, and is not paying it", () => {
  const cancels = (id: string) => dynamicLink(CANCELLATION, { ...request, Cancels: id });
  expect(new Set([link, cancels("dsc-1"), cancels("dsc-2")]).size).toBe(3);
});

test("two requests have one link only if they say the same", () => {
  const anyRequest = fc.record({ Initiation: fc.jsonValue(), ControlParameters: fc.jsonValue() });
  fc.assert(
    fc.property(anyRequest, anyRequest, (a, b) => {
      const same = dynamicLink("domestic-vrp", a) === dynamicLink("domestic-vrp", b);
      expect(same).toBe(JSON.stringify(a) === JSON.stringify(b));
    }),
  );
});

test.each(["account-access", "funds-confirmation"] as const)("%s pays nobody and links nothing", (kind) => {
  expect(dynamicLink(kind, request)).toBeUndefined();
});
