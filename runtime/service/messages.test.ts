import fc from "fast-check";
import { Type } from "typebox";
import { expect, test } from "vitest";
import { parseConfig } from "./config-file.ts";
import { encodeContext, parseContext, type CallContext } from "./context.ts";
import { interactionIdOf } from "./interaction-id.ts";
import { createLog } from "./logger.ts";
import { ObukError } from "./obuk-error.ts";
import { Problem } from "./problem.ts";

const context: CallContext = {
  clientId: "ptn-00000000000000aa",
  partnerName: "Açme ünd Söhne 支付",
  scope: "accounts",
  interactionId: "7d7b2b1e-6f9c-4f5a-9a0e-0d2f1a2b3c4d",
  consentId: "c1",
  consent: { permissions: ["ReadBalances"], accounts: ["a"], historyDays: 90 },
};

test("a context survives its header, names in any script too", () => {
  const header = encodeContext(context);
  expect(header).toMatch(/^[A-Za-z0-9_-]+$/);
  expect(parseContext(header)).toEqual(context);
});

test("whatever else stands in the header is no context", () => {
  expect(parseContext(undefined)).toBeUndefined();
  expect(parseContext([encodeContext(context), encodeContext(context)])).toBeUndefined();
  expect(parseContext(Buffer.from('{"clientId":"x"}').toString("base64url"))).toBeUndefined();
  const none = fc.property(fc.string(), (text) => parseContext(text) === undefined);
  expect(() => fc.assert(none)).not.toThrow();
});

test.each([
  { why: "a UUID is kept", header: "7D7B2B1E-6F9C-4F5A-9A0E-0D2F1A2B3C4D", kept: true },
  { why: "a text that could forge a log line is replaced", header: 'a"\n{"level":"fatal"}', kept: false },
  { why: "a repeated header is replaced", header: ["a", "b"], kept: false },
  { why: "a missing one is made", header: undefined, kept: false },
])("$why", ({ header, kept }) => {
  expect(interactionIdOf(header, () => "new")).toBe(kept ? header : "new");
});

test("a configuration's faults are named by field, and defaults are filled in", () => {
  const schema = Type.Object({ port: Type.Integer({ minimum: 1 }), pool: Type.Integer({ default: 10 }) });
  expect(parseConfig(schema, { port: 5 }, "config.json")).toEqual({ port: 5, pool: 10 });
  expect(() => parseConfig(schema, { port: 0 }, "config.json")).toThrow(/config\.json .*\/port must be >= 1/);
});

test("a log keeps no secret that stands in its fields", () => {
  const lines: string[] = [];
  const log = createLog("test", { destination: { write: (line) => void lines.push(line) } });
  log.info({ password: "hunter2", headers: { authorization: "Bearer abc" } }, "login");
  expect(lines.join("")).not.toMatch(/hunter2|abc/);
  expect(lines.join("")).toContain("[redacted]");
});

test("an OBUK refusal carries code, message and path, and the interaction id as its Id", () => {
  const error = new ObukError(400, {
    reason: "FieldMissing",
    message: "No permissions.",
    path: "Data.Permissions",
  });
  expect(error.body("id-1")).toEqual({
    Id: "id-1",
    Errors: [{ ErrorCode: "U004", Message: "No permissions.", Path: "Data.Permissions" }],
  });
});

test("a problem names its kind in a stable type", () => {
  expect(new Problem(403, "PeerNotAllowed", "No.").body()).toEqual({
    type: "urn:openbanking:problem:PeerNotAllowed",
    title: "Peer Not Allowed",
    status: 403,
    detail: "No.",
  });
});
