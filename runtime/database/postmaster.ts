import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { commandOf, type Programs } from "./program.ts";

/** What the postmaster is started with. */
export interface PostmasterOptions {
  readonly programs: Programs;
  readonly data: string;
  /** postgresql.conf, outside of the data folder. */
  readonly configFile: string;
  /** Each line the server writes. */
  readonly onLine: (line: string) => void;
}

/** The running Postgres server, a child of this process. */
export class Postmaster {
  readonly #child: ChildProcess;
  #ended: string | undefined;
  /** Resolves when the server has ended, with how. */
  readonly ended: Promise<string>;

  constructor({ programs, data, configFile, onLine }: PostmasterOptions) {
    const [command, ...args] = commandOf(programs, "postgres", [
      "-D",
      data,
      "-c",
      `config_file=${configFile}`,
    ]);
    this.#child = spawn(command, args, {
      env: { ...process.env, ...programs.env },
      stdio: ["ignore", "ignore", "pipe"],
    });
    if (this.#child.stderr) createInterface({ input: this.#child.stderr }).on("line", onLine);
    this.ended = new Promise((resolve) => {
      this.#child.on("error", (error) => resolve((this.#ended = `cannot be started: ${error.message}`)));
      this.#child.on("exit", (status, signal) => resolve((this.#ended = signal ?? `status ${status}`)));
    });
  }

  /** How it ended; undefined while it runs. */
  get end(): string | undefined {
    return this.#ended;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Makes it read its settings and TLS files again; connections stay. */
  reload(): void {
    if (this.#ended === undefined) this.#child.kill("SIGHUP");
  }

  /** Fast shutdown: open transactions are rolled back, everything committed is on disk. Returns when it has ended. */
  async stop(): Promise<void> {
    if (this.#ended !== undefined) return;
    this.#child.kill("SIGINT");
    await once(this.#child, "exit");
  }
}
