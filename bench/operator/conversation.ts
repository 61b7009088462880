import { createInterface } from "node:readline";

/** What a contestant tells when it is asked: counts since its start. */
export interface Report {
  /** Requests by method; opened watches are GETs. */
  readonly requests: Readonly<Record<string, number>>;
  /** Reconciles that ended. */
  readonly reconciles: number;
  /** Keys that wait or are in work. */
  readonly open: number;
}

/**
 * A contestant's side of the conversation with `main.ts`, by lines: it says `"ready"`, begins at `go` and answers
 * `report`. The end of its input ends it.
 */
export function converse(begin: () => void, report: () => Promise<Report>, end: () => void): void {
  createInterface({ input: process.stdin })
    .on("line", (line) => {
      if (line === "go") begin();
      else if (line === "report") void report().then((seen) => console.log(JSON.stringify(seen)));
    })
    .on("close", end);
  console.log(JSON.stringify("ready"));
}
