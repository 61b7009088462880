import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { lastLines } from "../command.ts";

/** A server that a test started; it ends with the test's process at the latest. */
export interface ServerProcess {
  readonly pid: number;
  /** Undefined while it runs, then what it ended with. */
  exited(): string | undefined;
  /** Ends it at once (SIGKILL) and returns when it is gone. Safe to repeat. */
  kill(): Promise<void>;
  /** Sends a signal, as SIGSTOP to freeze it. */
  signal(name: NodeJS.Signals): void;
  /** The end of what it wrote, for an error message. */
  log(): Promise<string>;
}

export interface ServerOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** File that takes both of its outputs. */
  readonly log: string;
  /** Another user to run as, when this process is root's; it keeps the right to read every file. */
  readonly uid?: number | undefined;
}

/** Starts a server that the kernel ends when this process ends, however that happens. */
export async function startServer(
  program: string,
  args: readonly string[],
  options: ServerOptions,
): Promise<ServerProcess> {
  const log = createWriteStream(options.log, { flags: "a" });
  await once(log, "open");
  const child = spawn("setpriv", ["--pdeathsig", "KILL", ...userSwitch(options.uid), program, ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", log, log],
  });
  await once(child, "spawn");
  log.close();
  return handle(child, options.log);
}

/** Arguments for setpriv(1) that change the user but keep CAP_DAC_READ_SEARCH: programs in root's cache stay readable. */
export function userSwitch(uid: number | undefined): readonly string[] {
  if (uid === undefined || process.getuid?.() !== 0) return [];
  // Without the secure bit, access(2) leaves capabilities out of account for any user but root, and Postgres asks it first.
  const capability = [
    "--securebits=+no_setuid_fixup",
    "--inh-caps=+dac_read_search",
    "--ambient-caps=+dac_read_search",
  ];
  return [`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", ...capability];
}

function handle(child: ChildProcess, log: string): ServerProcess {
  let exit: string | undefined;
  const gone = once(child, "exit").then(([status, signal]) => {
    exit = `ended with ${signal ?? `status ${status}`}`;
  });
  return {
    pid: child.pid ?? -1,
    exited: () => exit,
    async kill() {
      if (exit === undefined) child.kill("SIGKILL");
      await gone;
    },
    signal: (name) => void child.kill(name),
    log: async () => lastLines(await readFile(log, "utf8").catch(() => ""), 15),
  };
}
