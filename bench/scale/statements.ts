import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";

/** A statement as it stands in a service's source. */
export interface Statement {
  /** Where: file and line. */
  readonly place: string;
  readonly text: string;
  /** Whether something that was sent is this, or begins with it: then the rest is put to it elsewhere. */
  readonly matches: (sent: string, how: "whole" | "beginning") => boolean;
}

/** Which of some statements something was that was sent. */
export function statementOf(sent: string, statements: readonly Statement[]): Statement | undefined {
  return (
    statements.find(({ matches }) => matches(sent, "whole")) ??
    statements.find(({ matches }) => matches(sent, "beginning"))
  );
}

/** Text in quotes that begins as SQL does. */
const SQL =
  /(["'`])\s*((?:select\s|insert into\s|update\s+\S+\s+(?:\w+\s+)?set\s|delete from\s|with\s+(?:recursive\s+)?\w+\s+as\s)(?:(?!\1)[\s\S])*)\1/g;

/** Every statement in the sources of the services; their tests apart, and what makes and migrates the database. */
export async function statementsOf(runtime: string): Promise<readonly Statement[]> {
  const files = await readdir(runtime, { recursive: true });
  const own = files.filter(
    (file) =>
      file.endsWith(".ts") && !file.endsWith(".test.ts") && !/^database\/|(^|\/)(testing|seed)\//.test(file),
  );
  const found = await Promise.all(own.toSorted().map((file) => statementsIn(runtime, join(runtime, file))));
  return found.flat();
}

async function statementsIn(runtime: string, file: string): Promise<readonly Statement[]> {
  const source = await readFile(file, "utf8");
  return [...source.matchAll(SQL)].map(({ index, 2: text = "" }) => {
    const line = source.slice(0, index).split("\n").length;
    // What is put in by the program may be anything.
    const parts = text
      .split(/\$\{(?:[^{}]|\{[^{}]*\})*\}/)
      .map((part) => normal(part).replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const pattern = parts.join(".*");
    const patterns = { whole: new RegExp(`^${pattern}$`), beginning: new RegExp(`^${pattern}`) };
    return {
      place: `${relative(runtime, file)}:${line}`,
      text,
      matches: (sent, how) => patterns[how].test(normal(sent)),
    };
  });
}

function normal(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
