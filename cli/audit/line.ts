/** A line of a file. */
export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

/** Something that is not as it was signed, and where. */
export interface Fault {
  /** File and line, or leaf. */
  readonly where: string;
  readonly what: string;
}

/** Lines with their numbers. */
export async function* numbered(lines: AsyncIterable<string>): AsyncGenerator<Line> {
  let number = 0;
  for await (const text of lines) {
    number += 1;
    yield { number, text };
  }
}

/** The lines of a text that comes in pieces; nothing is read before it is asked for. */
export async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  for await (const piece of pieces) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

/** A line's value, when it has these members and they can be read one way only. */
export function parsed<T extends object>(
  text: string,
  shape: { readonly [name in keyof T]: (value: unknown) => boolean },
  where: string,
  faults: Fault[],
): T | undefined {
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    if (Object.entries(shape).every(([name, fits]) => (fits as (value: unknown) => boolean)(value[name])))
      return value as T;
  } catch {
    // Told below, as any other line that cannot be read.
  }
  faults.push({ where, what: "cannot be read" });
  return undefined;
}
