import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { keyStoreIn } from "./key-store.ts";

function file(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "key-store-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "store.yaml"), text);
  return join(folder, "store.yaml");
}

/** The one that local/README.md shows. */
const [, shown = ""] =
  /```yaml\n([\s\S]*?)```/.exec(readFileSync(join(import.meta.dirname, "../README.md"), "utf8")) ?? [];
const openBao = {
  address: "https://vault.bank.example:8200",
  networks: ["10.40.0.0/24"],
  caBundle: "-----BEGIN CERTIFICATE-----…",
  mount: "transit",
  auth: "kubernetes",
};

test("the file that the page shows says where keys of stacks are, and the operator's, with another role there", () => {
  expect(keyStoreIn(file(shown))).toEqual({
    region: {
      openBao: { ...openBao, role: "wekeza-stack" },
      keys: ["audit-signing-key", "audit-wrapping-key", "events-keys", "oauth-keys", "message-keys"],
    },
    operator: { ...openBao, role: "wekeza-operator", key: "shard-signing-key", version: 1 },
  });
});

test("without a part for the operator its key stays in its Secret", () => {
  expect(keyStoreIn(file(shown.replace(/ *operator:.*\n/, ""))).operator).toBeUndefined();
});

test.each([
  { why: "no TLS", change: ["https://", "http://"], says: "/openBao/address must match pattern" },
  { why: "a key that there is not", change: ["events-keys", "event-keys"], says: "/keys/2 must be equal" },
  {
    why: "an operator without a key",
    change: [", key: shard-signing-key", ""],
    says: "it must have required properties key",
  },
  { why: "no YAML", change: ["{", "}"], says: "cannot be read" },
] as const)("$why is refused in one sentence", ({ change: [from, to], says }) => {
  expect(() => keyStoreIn(file(shown.replace(from, to)))).toThrow(says);
});
