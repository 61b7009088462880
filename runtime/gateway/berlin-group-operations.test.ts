import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BERLIN_GROUP_PATH } from "../service/berlin-group.ts";
import { berlinGroupDefinition } from "../service/testing/berlin-group-definition.ts";
import { BERLIN_GROUP_OPERATIONS, type Operation } from "./operations.ts";
import { refusalAnswer, REFUSALS } from "./refusal.ts";
import { routeOf } from "./route.ts";

const ROOT = join(import.meta.dirname, "../..");

/** Where an operation is called and its answers are compared with the definition. */
function testOf({ method, path, upstream }: Operation): string {
  const cancels = path.includes("/sepa-") && (method === "DELETE" || path.includes("/cancellation-"));
  const service = path.split("/")[1] ?? "";
  const subject = cancels ? "cancellations" : service.endsWith("payments") ? "payments" : service;
  return `runtime/${upstream}/berlin-group/${subject}.integration.test.ts`;
}

test("the reference has every operation with the token it takes and the test that calls it", async () => {
  const rows = BERLIN_GROUP_OPERATIONS.map((operation) => [
    `\`${operation.method} ${operation.path}\``,
    operation.grant === "client" ? "partner" : `customer: ${operation.kind}`,
    operation.permissions.join(" or "),
    testOf(operation),
  ]);
  const text = [
    "# Operations of the Berlin Group's NextGenPSD2 1.3.11",
    "",
    `Generated from the gateway's table: the core of the definition. Paths are below \`${BERLIN_GROUP_PATH}\`; permissions are named as in Open Banking UK, whose consents these are too. Each test calls the operation through its service, over a real database, and compares every answer with the published definition.`,
    "",
    "| operation | token of | permission | test |",
    "|---|---|---|---|",
    ...rows.map((cells) => `| ${cells.join(" | ")} |`),
    "",
  ].join("\n");
  await expect(text).toMatchFileSnapshot(join(ROOT, "docs/reference/berlin-group-operations.md"));
});

test.each([...new Set(BERLIN_GROUP_OPERATIONS.map(testOf))])("%s is there", (file) => {
  expect(existsSync(join(ROOT, file))).toBe(true);
});

const definition = berlinGroupDefinition();
test.skipIf(definition === undefined)(
  "every operation of the table is one of the published definition (skipped without it)",
  () => {
    const form = (text: string): string => text.replaceAll(/\{[\w-]+\}/g, "{id}").replace(" /v1/", " /");
    const defined = new Set(definition?.operations.map(form));
    const ours = BERLIN_GROUP_OPERATIONS.map(({ method, path }) =>
      `${method} ${path}`.replace(/ \/(?:periodic-|bulk-)?payments\/sepa-credit-transfers/, " /{id}/{id}"),
    );
    expect(ours.filter((each) => !defined.has(each))).toEqual([]);
  },
);

test("whoever uses a consent says of which kind", () => {
  for (const { grant, kind } of BERLIN_GROUP_OPERATIONS) expect(kind !== undefined).toBe(grant === "consent");
});

test("its routes have names of their own", () => {
  expect(routeOf("GET", `${BERLIN_GROUP_PATH}/accounts/1`)).toMatchObject({
    route: {
      name: "berlin-group/accounts/{id}",
      upstream: "banking",
      permissions: ["ReadAccountsBasic", "ReadAccountsDetail"],
    },
  });
});

test.skipIf(definition === undefined).each(REFUSALS)(
  "the refusal %s is one of the definition, when it has the status",
  (refusal) => {
    const details = { interactionId: "i", dialect: "berlin-group" } as const;
    const { status, body } = refusalAnswer(refusal, details);
    const faults = definition?.faults({
      method: "GET",
      path: `${BERLIN_GROUP_PATH}/accounts`,
      status,
      body: body === undefined ? undefined : (JSON.parse(body) as unknown),
      headers: { "x-request-id": "1" },
    });
    // Statuses of what lies before the interface: a wrong host, a body too large, a service that is slow.
    const outside = [413, 421, 504].includes(status);
    expect(faults).toEqual(outside ? [`GET ${BERLIN_GROUP_PATH}/accounts ${status}: no such status`] : []);
  },
);
