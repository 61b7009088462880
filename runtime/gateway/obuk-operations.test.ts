import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { OPERATIONS, type Operation } from "./operations.ts";

const ROOT = join(import.meta.dirname, "../..");

/** Where an operation is called and its answers are compared with the definition. */
function testOf({ path, upstream }: Operation): string {
  if (upstream === "events") return "runtime/events/partner.integration.test.ts";
  if (path.startsWith("/aisp/account-access")) return "runtime/consent/partner.integration.test.ts";
  if (upstream === "consent") return "runtime/consent/kinds.integration.test.ts";
  if (path.startsWith("/aisp/")) return "runtime/banking/resources/resources.integration.test.ts";
  return "runtime/banking/payments/payments.integration.test.ts";
}

const tokenOf = ({ grant, kind }: Operation): string =>
  grant === "client" ? "partner" : `customer: ${kind}`;

test("the reference has every operation with the token it takes and the test that calls it", async () => {
  const rows = OPERATIONS.map((operation) => [
    `\`${operation.method} ${operation.path}\``,
    tokenOf(operation),
    operation.permissions.join(" or "),
    testOf(operation),
  ]).toSorted(([a = ""], [b = ""]) => (a.slice(a.indexOf("/")) < b.slice(b.indexOf("/")) ? -1 : 1));
  const text = [
    "# Operations of Open Banking UK 4.0",
    "",
    "Generated from the gateway's table; every one of the definitions. Paths are below `/open-banking/v4.0`. Each test calls the operation through its service, over a real database, and compares every answer with the published definition.",
    "",
    "| operation | token of | permission | test |",
    "|---|---|---|---|",
    ...rows.map((cells) => `| ${cells.join(" | ")} |`),
    "",
  ].join("\n");
  await expect(text).toMatchFileSnapshot(join(ROOT, "docs/reference/obuk-operations.md"));
});

test.each([...new Set(OPERATIONS.map(testOf))])("%s is there", (file) => {
  expect(existsSync(join(ROOT, file))).toBe(true);
});
