import { expect, test } from "vitest";
import { heard, type News, SILENCE, type Tidings } from "./news.ts";
import { outcomeOf, reportOf, summaryOf } from "./summary.ts";
import type { Verdict } from "./verdict.ts";

const played = (fault: string, outcome: Verdict["outcome"]): News => ({
  news: "played",
  verdict: {
    plan: `Partner / ${fault} / a write #1`,
    scenario: "Partner",
    fault,
    rel: "REL-01",
    outcome,
    findings: outcome === "failed" ? ["it never came right"] : [],
    recoveredAfter: 1_000,
  },
});
const learned: News = {
  news: "learned",
  lives: 3,
  seconds: 1,
  processes: 0,
  others: 40,
  enumerated: ["409", "reset"].map((fault) => ({ scenario: "Partner", fault, plans: 20 })),
};
const chosen: News = { news: "chosen", plans: 3 };
const told = (...news: readonly News[]): Tidings => news.reduce(heard, SILENCE);

test("what two harnesses tell adds up", () => {
  const spent: News = { news: "spent", harness: 1, processes: 2, servers: 3 };
  const both = told(
    learned,
    learned,
    chosen,
    chosen,
    played("409", "resilient"),
    spent,
    played("409", "failed"),
    spent,
  );
  expect(both).toMatchObject({ lives: 6, plans: 6, spent: { harness: 2, processes: 4, servers: 6 } });
  expect(outcomeOf(both)).toEqual({ passed: 1, failed: 1, skipped: 4 });
});

test("what was not played in time, or did not meet its write, is skipped and said", () => {
  const some = told(learned, chosen, played("409", "resilient"), played("reset", "inconclusive"));
  expect(outcomeOf(some)).toEqual({ passed: 1, failed: 0, skipped: 2 });
  expect(summaryOf(some)).toContain("not played in time, and counted as skipped: 1 of 3 plans");
});

test("the summary says how much of each scenario was played, and which faults never struck", () => {
  const some = told(
    learned,
    chosen,
    played("409", "resilient"),
    played("409", "failed"),
    played("reset", "inconclusive"),
  );
  expect(summaryOf(some)).toContain("Partner: 2 of 40 plans, 1 of 2 fault classes; without reset");
});

test("a harness that ended early is a failure, in the report too", () => {
  const lost = { ...told(chosen, played("409", "resilient")), lost: ["harness 2 of 2 ended with 1"] };
  expect(outcomeOf(lost)).toEqual({ passed: 1, failed: 1, skipped: 2 });
  expect(reportOf(lost)).toMatchObject({
    numFailedTests: 1,
    testResults: [{ assertionResults: [{ status: "failed", fullName: "harness" }] }],
  });
});
