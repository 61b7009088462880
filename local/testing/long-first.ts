import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files that take a minute and more of work though they are short.
 *
 * Vitest begins with what took longest the last time; where it has no last time it goes by size, and would leave these
 * to one worker at the very end.
 */
const LONG = [
  "faults/planted.integration.test.ts",
  "bench/scale/query-budget.integration.test.ts",
  "faults/watch-soak.integration.test.ts",
  "kube/crash.integration.test.ts",
];

/** Vitest's own order, but for {@link LONG}. */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const found = LONG.findIndex((each) => moduleId.endsWith(each));
      return found === -1 ? LONG.length : found;
    };
    return (await super.sort(files)).toSorted((one, other) => place(one) - place(other));
  }
}
