import { expect, test } from "vitest";
import { VRP } from "./kinds/lasting.ts";
import { bodyOf, firstDifference, inPresentWords, type Asked } from "./migration.ts";
import { NOON, POLICY } from "./testing/consents.ts";
import { REQUESTS, VERSION_3, VERSION_4 } from "./testing/requests.ts";

test("what version 3 spelled otherwise is found, wherever it stands", () => {
  expect(inPresentWords(VERSION_3)).toEqual(VERSION_4);
});

test("is a good request of version 4, which the old one is not", () => {
  const circumstances = { policy: POLICY, now: NOON };
  expect(VRP.read(bodyOf(VERSION_4), circumstances)).not.toHaveProperty("faults");
  expect(VRP.read(bodyOf(VERSION_3), circumstances)).toHaveProperty("faults");
});

test.each<{ why: string; asked: Asked }>([
  { why: "what was migrated", asked: VERSION_4 },
  { why: "what was asked for in version 4", asked: askedOf(REQUESTS["domestic-vrp"]) },
  { why: "a request without risk", asked: { request: { Initiation: {} }, risk: undefined } },
])("$why has nothing to migrate", ({ asked }) => {
  expect(inPresentWords(asked)).toBeUndefined();
});

test.each([
  { path: "Data.ControlParameters.MaximumIndividualAmount.Amount", value: "100.01" },
  { path: "Data.Initiation.CreditorAccount.Identification", value: "KE0000000000000002" },
  { path: "Data.ReadRefundAccount", value: undefined },
  { path: "Risk.PaymentContextCode", value: "TransferToSelf" },
])("another $path is named", ({ path, value }) => {
  const changed = structuredClone(bodyOf(VERSION_4)) as Record<string, unknown>;
  const names = path.split(".");
  const parent = names.slice(0, -1).reduce((at, name) => at[name] as Record<string, unknown>, changed);
  parent[names.at(-1) ?? ""] = value;
  expect(firstDifference(VERSION_4, askedOf(changed))).toBe(path);
});

function askedOf(body: object): Asked {
  const { Data: request, Risk: risk } = body as {
    readonly Data: Asked["request"];
    readonly Risk?: Asked["risk"];
  };
  return { request, risk };
}
