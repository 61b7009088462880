/** One part of a longer work that a person watches. */
export interface Step {
  /** Finishes "could not do: …", as "image store". */
  readonly name: string;
  /** Safe to repeat: done again, it finds its work done. @returns a few words for the line, or nothing. */
  run(): Promise<string | undefined>;
}

/** A step could not be done. The steps before it are, and need not be done again. */
export class StepError extends Error {
  readonly step: string;

  constructor(step: string, cause: unknown) {
    super(`${step}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = "StepError";
    this.step = step;
  }
}

/**
 * Does steps in order and says of each how long it took.
 *
 * @param clock milliseconds from some start.
 * @throws StepError at the first that fails; the rest is not begun.
 */
export async function runSteps(
  steps: readonly Step[],
  say: (line: string) => void,
  clock: () => number,
): Promise<void> {
  for (const step of steps) {
    const start = clock();
    let words: string | undefined;
    try {
      words = await step.run();
    } catch (cause) {
      throw new StepError(step.name, cause);
    }
    const seconds = ((clock() - start) / 1000).toFixed(1).padStart(6);
    say(`${seconds} s  ${step.name}${words === undefined ? "" : ` (${words})`}`);
  }
}
