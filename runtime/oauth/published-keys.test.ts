import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { newEventsKeys } from "../keys/events-keys.ts";
import { newMessageKeys } from "../keys/message-keys.ts";
import { createLog } from "../service/logger.ts";
import { parsePublished, publishedKeys } from "./published-keys.ts";

const keys = newEventsKeys(randomBytes);
const messages = newMessageKeys(randomBytes);

test("the public half that the keys Job makes can be published", () => {
  expect(parsePublished(keys["public.json"] ?? "")).toMatchObject([{ kid: expect.stringMatching(/^evt-/) }]);
});

test("a private key is refused rather than published", () => {
  expect(() => parsePublished(keys["jwks.json"] ?? "")).toThrow("must hold public ES256 keys");
});

test("the keys of every service that speaks to partners are in one set; a service that is not there has none", () => {
  const folder = mkdtempSync(join(tmpdir(), "published-"));
  const file = (name: string, text = ""): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const files = [
    file("events", keys["public.json"]),
    join(folder, "none"),
    file("messages", messages["public.json"]),
  ];
  const published = publishedKeys(files, [], createLog("test", { level: "silent" }));
  expect(published.current()).toMatchObject([
    { kid: expect.stringMatching(/^evt-/) },
    { kid: expect.stringMatching(/^msg-/) },
  ]);
  published.stop();
  rmSync(folder, { recursive: true });
});
