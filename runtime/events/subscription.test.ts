import { expect, test } from "vitest";
import { readSubscription } from "./subscription.ts";

const body = (data: object) => ({ Data: { Version: "4.0", ...data } });

test("a subscription may name nothing but its version", () => {
  expect(readSubscription(body({}), [])).toEqual({
    wish: { id: undefined, version: "4.0", callbackUrl: undefined, eventTypes: undefined },
  });
});

test.each([
  { data: { Version: "3.1" }, message: "Data.Version is not served; ask for 4.0." },
  {
    data: { EventTypes: ["urn:x"] },
    message: "Data.EventTypes names urn:x, which is no type of the standard.",
  },
  { data: { CallbackUrl: "http://tpp.example/" }, message: "Data.CallbackUrl must begin with https://." },
  {
    data: { CallbackUrl: "https://10.0.0.1/" },
    message: "Data.CallbackUrl must name a host, not an address.",
  },
])("$message", ({ data, message }) => {
  expect(readSubscription(body(data), [])).toMatchObject({ faults: [{ reason: "FieldInvalid", message }] });
});

test("an address that no store takes is refused", () => {
  const read = readSubscription(body({ CallbackUrl: "https://tpp.example/\0" }), []);
  expect(read).toMatchObject({ faults: [{ reason: "InvalidFormat" }] });
});

test("everything that is wrong is told at once", () => {
  const read = readSubscription(body({ Version: "1", CallbackUrl: "x", EventTypes: ["y"] }), []);
  expect(read).toHaveProperty("faults.length", 3);
});
