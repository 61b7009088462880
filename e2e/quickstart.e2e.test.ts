import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Exchange } from "../cli/quickstart/http.ts";
import { silentJournal } from "../cli/quickstart/journal.ts";
import { AISP } from "../cli/quickstart/account-api.ts";
import type { FlowResult } from "../cli/quickstart/flow.ts";
import { quickstart } from "../cli/quickstart/quickstart.ts";
import { type Clusters, openClusters } from "./support/clusters.ts";
import { accountInformationJudge, definitionsMissing } from "./support/definitions.ts";
import { golden, goldenFile } from "./support/refusal.ts";

let clusters: Clusters;
const exchanges: Exchange[] = [];
let results: readonly FlowResult[];

beforeAll(async () => {
  clusters = await openClusters();
  results = await quickstart(
    {
      group: "all",
      fresh: false,
      runFolder: clusters.runFolder,
      onExchange: (exchange) => exchanges.push(exchange),
    },
    silentJournal,
  );
});

afterAll(() => clusters?.close());

test("a partner reads accounts with balances and transactions in both groups", () => {
  expect(results.map(({ group }) => group)).toEqual(["east-africa", "europe"]);
  for (const { accounts } of results) {
    expect(accounts.length).toBeGreaterThan(0);
    expect(accounts.every(({ balances }) => balances.length > 0)).toBe(true);
    expect(accounts.some(({ transactions }) => transactions.length > 0)).toBe(true);
  }
});

test("it pays a shop at another bank, and the money arrives", () => {
  expect(results.map(({ payment }) => payment.status)).toEqual(["ACCC", "ACCC"]);
  expect(new Set(results.map(({ payment }) => payment.id)).size).toBe(2);
});

test("each group has the money of its country", () => {
  const currencies = results.map(({ accounts }) => new Set(accounts.map(({ account }) => account.Currency)));
  expect(currencies).toEqual([new Set(["KES"]), new Set(["EUR"])]);
});

test("a deleted consent is refused as the golden table says", async () => {
  for (const { refusal } of results) {
    await expect(golden(refusal)).toMatchFileSnapshot(goldenFile("consent-deleted"));
  }
});

test("every answer of the API repeats the interaction id it was asked with", () => {
  const ours = exchanges.filter(({ url }) => new URL(url).pathname.startsWith(AISP));
  expect(ours.length).toBeGreaterThan(0);
  for (const { headers } of ours) expect(headers.get("x-fapi-interaction-id")).toMatch(/^[0-9a-f-]{36}$/);
});

describe("against the public definition of Open Banking UK 4.0", () => {
  const missing = definitionsMissing();
  test.skipIf(missing !== undefined)(
    `every answer is as defined${missing === undefined ? "" : ` (skipped: ${missing})`}`,
    () => {
      const judge = accountInformationJudge();
      const verdicts = exchanges.map((exchange) => judge(exchange));
      expect(verdicts.flatMap((verdict) => (verdict.is === "invalid" ? [verdict.why] : []))).toEqual([]);
      expect(verdicts.filter(({ is }) => is === "valid").length).toBeGreaterThanOrEqual(10);
    },
  );
});
