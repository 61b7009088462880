import { expect, test } from "vitest";
import { jurisdictionOf } from "./jurisdiction.ts";

test.each([
  { country: "KE", law: "ke-cbk" },
  { country: "GB", law: "uk-ob" },
  { country: "DE", law: "eu-psd2" },
  { country: "NO", law: "eu-psd2" },
])("services in $country follow $law", ({ country, law }) => {
  expect(jurisdictionOf(country)).toBe(law);
});

test.each(["US", "ke", "Kenya", ""])("there is no law for %o", (country) => {
  expect(() => jurisdictionOf(country)).toThrow("write KE, GB or");
});
