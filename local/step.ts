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
 * @param begin told the name of each step before it is done: some take minutes.
 * @throws StepError at the first that fails; the rest is not begun.
 */
export async function runSteps(
  steps: readonly Step[],
  say: (line: string) => void,
  clock: () => number,
  begin: (name: string) => void = () => undefined,
): Promise<void> {
  for (const step of steps) {
    const start = clock();
    begin(step.name);
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

/** Where a person watches steps: the one that is being done stands on the last line, until its time takes its place. */
export function watched(out: { readonly isTTY?: boolean; write(text: string): unknown }): {
  readonly say: (line: string) => void;
  readonly begin: (name: string) => void;
} {
  // What is read later, from a file, needs no line that is overwritten.
  if (out.isTTY !== true) return { say: (line) => out.write(`${line}\n`), begin: () => undefined };
  return {
    say: (line) => out.write(`\r\u001B[K${line}\n`),
    begin: (name) => out.write(`\r\u001B[K       …  ${name}`),
  };
}
