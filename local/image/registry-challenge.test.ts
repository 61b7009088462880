import { expect, test } from "vitest";
import { challengeOf, scopesFor, tokenUrl } from "./registry-challenge.ts";

const bearer =
  'Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a:pull"';

test.each([
  { header: undefined, want: undefined },
  { header: "Negotiate", want: undefined },
  { header: 'Basic realm="registry"', want: { scheme: "basic" } },
  {
    header: bearer,
    want: { scheme: "bearer", realm: "https://auth.example/token", service: "registry.example" },
  },
  {
    header: ['Basic realm="x"', bearer],
    want: { scheme: "bearer", realm: "https://auth.example/token", service: "registry.example" },
  },
  { header: "Bearer error=invalid", want: undefined },
])("$header asks for $want.scheme", ({ header, want }) => {
  expect(challengeOf(header)).toEqual(want);
});

test("the token is asked for with the rights to push, and to take layers of another repository", () => {
  const challenge = challengeOf(bearer);
  if (challenge?.scheme !== "bearer") throw new Error("no bearer challenge");
  expect(String(tokenUrl(challenge, scopesFor("bank/postgres", "bank/wekeza")))).toBe(
    "https://auth.example/token?service=registry.example&scope=repository%3Abank%2Fpostgres%3Apull%2Cpush&scope=repository%3Abank%2Fwekeza%3Apull",
  );
});
