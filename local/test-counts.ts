import { relative } from "node:path";
import { REPOSITORY } from "./paths.ts";

/** How many tests ended in which way. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly FileResult[];
}

interface FileResult {
  /** Path of the file. */
  readonly name?: string;
  readonly status: string;
  /** Of the file itself, when it broke before its first test. */
  readonly message?: string;
  readonly assertionResults: readonly {
    readonly status: string;
    readonly fullName: string;
    readonly failureMessages?: readonly string[] | null;
  }[];
}

/**
 * Counts of one vitest run.
 *
 * A file that failed before its first test, a run without a report, and a run that ended non-zero though no test of
 * it failed, each count as one failure: silence is never a pass.
 */
export function countsOf(report: string | undefined, exitCode: number): Counts {
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
    report,
  ) as Report;
  const brokenFiles = testResults.filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.length === 0,
  ).length;
  const failed = numFailedTests + brokenFiles;
  return {
    passed: numPassedTests,
    failed: exitCode !== 0 && failed === 0 ? 1 : failed,
    skipped: numPendingTests + numTodoTests,
  };
}

/** Each failed test of a run in a line: file, name, first line of the reason. */
export function failuresOf(report: string | undefined): readonly string[] {
  if (report === undefined) return [];
  const { testResults } = JSON.parse(report) as Report;
  return testResults.flatMap(({ name, status, message = "", assertionResults }) => {
    const where = name === undefined ? "" : `${relative(REPOSITORY, name)}: `;
    if (status === "failed" && assertionResults.length === 0) return [`${where}${firstLine(message)}`];
    const failed = assertionResults.filter((each) => each.status === "failed");
    return failed.map(
      ({ fullName, failureMessages }) => `${where}${fullName}: ${firstLine(failureMessages?.[0] ?? "")}`,
    );
  });
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

/** All counts together. */
export function sum(counts: readonly Counts[]): Counts {
  return counts.reduce(
    (all, one) => ({
      passed: all.passed + one.passed,
      failed: all.failed + one.failed,
      skipped: all.skipped + one.skipped,
    }),
    { passed: 0, failed: 0, skipped: 0 },
  );
}

/** The last line of `make test`. */
export function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
