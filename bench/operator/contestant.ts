import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface, type Interface } from "node:readline";
import type { Report } from "./conversation.ts";

/** What a process has used until now. */
export interface Usage {
  /** Seconds of processor time. */
  readonly cpu: number;
  /** Resident memory in MiB: now and at most. */
  readonly rss: number;
  readonly peak: number;
}

/** A process under measurement: see `converse`. */
export class Contestant {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;

  private constructor(child: ChildProcess) {
    if (child.stdout === null) throw new Error("A contestant speaks on standard output.");
    this.#child = child;
    this.#reader = createInterface({ input: child.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  /**
   * Starts a program and waits until it is ready to begin: its caches are full.
   *
   * @throws Error when it ends before.
   */
  static async start(program: string, args: readonly string[]): Promise<Contestant> {
    // It ends with us, however we end.
    const child = spawn("setpriv", ["--pdeathsig", "KILL", program, ...args], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await once(child, "spawn");
    const contestant = new Contestant(child);
    await contestant.#answer();
    return contestant;
  }

  begin(): void {
    this.#child.stdin?.write("go\n");
  }

  async report(): Promise<Report> {
    this.#child.stdin?.write("report\n");
    return (await this.#answer()) as Report;
  }

  /** From /proc: Linux only. */
  async usage(): Promise<Usage> {
    const folder = `/proc/${this.#child.pid}`;
    const [stat, status] = await Promise.all([
      readFile(`${folder}/stat`, "utf8"),
      readFile(`${folder}/status`, "utf8"),
    ]);
    // After the program's name in parentheses: utime and stime are fields 14 and 15, in hundredths of a second.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const kilobytes = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]);
    return {
      cpu: (Number(fields[11]) + Number(fields[12])) / 100,
      rss: kilobytes("VmRSS") / 1024,
      peak: kilobytes("VmHWM") / 1024,
    };
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Ends it, and returns when it is gone. */
  async end(signal: NodeJS.Signals): Promise<void> {
    this.#reader.close();
    const gone = once(this.#child, "exit");
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill(signal);
    await gone;
  }

  async #answer(): Promise<unknown> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`A contestant ended early (pid ${this.#child.pid}).`);
    return JSON.parse(value) as unknown;
  }
}
