import { spawn } from "node:child_process";

/** Where Postgres' programs are and how they are started. */
export interface Programs {
  /** Folder with `initdb` and `postgres`. */
  readonly folder: string;
  /** Put before each program, as a way to change the user; for tests that run as root. */
  readonly launcher?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** The command line of a program, its name first. */
export function commandOf(
  programs: Programs,
  name: string,
  args: readonly string[],
): readonly [string, ...string[]] {
  const [first = `${programs.folder}/${name}`, ...rest] = [
    ...(programs.launcher ?? []),
    `${programs.folder}/${name}`,
    ...args,
  ];
  return [first, ...rest];
}

/**
 * Runs a program to its end.
 *
 * @returns what it wrote to standard output.
 * @throws Error with the end of what it wrote to standard error when it fails.
 */
export function runProgram(programs: Programs, name: string, args: readonly string[]): Promise<string> {
  const [command, ...rest] = commandOf(programs, name, args);
  return new Promise((resolve, reject) => {
    const child = spawn(command, rest, {
      env: { ...process.env, ...programs.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    let stderr = "";
    child.stderr
      .setEncoding("utf8")
      .on("data", (text: string) => (stderr = `${stderr}${text}`.slice(-4_000)));
    child.on("error", (cause) => reject(new Error(`${name} cannot be started: ${cause.message}`, { cause })));
    child.on("close", (status, signal) => {
      if (status === 0) resolve(stdout);
      else reject(new Error(`${name} ended with ${signal ?? `status ${status}`}: ${stderr.trim()}`));
    });
  });
}
