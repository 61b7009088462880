import { spawn } from "node:child_process";

/** A program ended badly; the message names it and quotes the last lines it wrote to standard error. */
export class CommandError extends Error {
  /** Exit status, or -1 when a signal ended the program or it could not be started. */
  readonly status: number;
  readonly stderr: string;

  constructor(what: string, status: number, stderr: string, options?: ErrorOptions) {
    super(
      `${what} ended with status ${status}${stderr === "" ? "" : `:\n${lastLines(stderr, 12)}`}`,
      options,
    );
    this.name = "CommandError";
    this.status = status;
    this.stderr = stderr;
  }
}

export interface CommandOptions {
  readonly cwd?: string;
  /** Added to the present environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Written to the program's standard input, which is closed after it. */
  readonly input?: string;
  readonly signal?: AbortSignal;
}

/**
 * Runs a program to its end.
 *
 * @returns what it wrote to standard output.
 * @throws CommandError when it cannot be started or ends with another status than 0.
 */
export function run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const what = [program, ...args].join(" ").slice(0, 160);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
      signal: options.signal,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", (cause) => reject(new CommandError(what, -1, cause.message, { cause })));
    child.on("close", (status) => {
      if (status === 0) resolve(stdout);
      else reject(new CommandError(what, status ?? -1, stderr));
    });
    // A program that ends before it has read its input makes the pipe fail; its status says why.
    child.stdin.on("error", () => undefined).end(options.input);
  });
}

/** The last `count` lines of a text that are not empty. */
export function lastLines(text: string, count: number): string {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(-count)
    .join("\n");
}
