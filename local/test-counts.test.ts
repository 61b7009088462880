import { join } from "node:path";
import { expect, test } from "vitest";
import { REPOSITORY } from "./paths.ts";
import { closingLine, countsOf, failuresOf, sum } from "./test-counts.ts";

const report = (results: Partial<Record<string, unknown>>) =>
  JSON.stringify({
    numPassedTests: 0,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    testResults: [],
    ...results,
  });

test.each([
  {
    why: "a clean run",
    text: report({ numPassedTests: 3, numPendingTests: 1 }),
    code: 0,
    want: "3 passed, 0 failed, 1 skipped",
  },
  {
    why: "a failed test",
    text: report({ numPassedTests: 2, numFailedTests: 1 }),
    code: 1,
    want: "2 passed, 1 failed, 0 skipped",
  },
  { why: "no report at all is a failure", text: undefined, code: 0, want: "0 passed, 1 failed, 0 skipped" },
  {
    why: "a file that broke before its first test is a failure",
    text: report({ testResults: [{ status: "failed", assertionResults: [] }] }),
    code: 1,
    want: "0 passed, 1 failed, 0 skipped",
  },
  {
    why: "a run that ended badly with no failed test is a failure",
    text: report({ numPassedTests: 5 }),
    code: 1,
    want: "5 passed, 1 failed, 0 skipped",
  },
])("$why", ({ text, code, want }) => {
  expect(closingLine(countsOf(text, code))).toBe(want);
});

test("what failed is said in a line each: file, test and the first line of the reason", () => {
  const name = join(REPOSITORY, "kube/lease.test.ts");
  const passed = { status: "passed", fullName: "one leads", failureMessages: [] };
  const failed = {
    status: "failed",
    fullName: "two lead",
    failureMessages: ["Error: expected 1\n  at x.ts:1"],
  };
  const broken = { name, status: "failed", message: "SyntaxError: x\n y", assertionResults: [] };
  const text = report({
    testResults: [{ name, status: "failed", assertionResults: [passed, failed] }, broken],
  });
  expect(failuresOf(text)).toEqual([
    "kube/lease.test.ts: two lead: Error: expected 1",
    "kube/lease.test.ts: SyntaxError: x",
  ]);
  expect(failuresOf(undefined)).toEqual([]);
});

test("levels add up", () => {
  expect(
    sum([
      { passed: 1, failed: 0, skipped: 2 },
      { passed: 3, failed: 1, skipped: 0 },
    ]),
  ).toEqual({
    passed: 4,
    failed: 1,
    skipped: 2,
  });
});
