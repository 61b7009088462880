import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { newEventsKeys } from "../keys/events-keys.ts";
import { parsePublished } from "./published-keys.ts";

const keys = newEventsKeys(randomBytes);

test("the public half that the keys Job makes can be published", () => {
  expect(parsePublished(keys["public.json"] ?? "")).toMatchObject([{ kid: expect.stringMatching(/^evt-/) }]);
});

test("a private key is refused rather than published", () => {
  expect(() => parsePublished(keys["jwks.json"] ?? "")).toThrow("must hold public ES256 keys");
});
