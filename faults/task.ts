import { parseArgs } from "node:util";
import { type Share, shareFrom } from "./share.ts";

/** Which plans are to be played, and how. */
export interface Task {
  /** Lives go on to the end of their scenario, instead of for one phase after the fault. */
  readonly whole: boolean;
  /** How many plans to draw; infinity is all of them. */
  readonly plans: number;
  /** How many of those with processes of their own. */
  readonly processes: number;
  /** Mistakes of people, besides. */
  readonly mistakes: number;
  readonly seed: number;
  /** Only plans whose name contains this. */
  readonly only: string;
  /** No plan is begun after so many minutes; infinity is no limit. */
  readonly minutes: number;
  /** So many side by side in each harness. */
  readonly atOnce: number;
  /** Only these of all lives. */
  readonly share: Share;
}

/** What is asked for on the command line, and what only the one who deals out the work needs to know. */
export interface Order {
  readonly task: Task;
  /** So many harnesses side by side, each with a server of its own. */
  readonly harnesses: number;
  /** File for the counts in the form of the other levels of `make test`. */
  readonly report: string | undefined;
}

/** The sample of whoever asks for nothing in particular. */
const USUAL = { plans: 1_005, processes: 290, mistakes: 40, minutes: 12 };

/** Reads the command line. @throws Error for an option that does not exist, or makes no sense. */
export function orderFrom(args: readonly string[], seed: number): Order {
  const { values } = parseArgs({
    args: [...args],
    options: {
      whole: { type: "boolean", default: false },
      long: { type: "boolean", default: false },
      plans: { type: "string" },
      processes: { type: "string" },
      mistakes: { type: "string" },
      minutes: { type: "string" },
      seed: { type: "string", default: String(seed) },
      only: { type: "string", default: "" },
      share: { type: "string", default: "1/1" },
      "at-once": { type: "string", default: "6" },
      harnesses: { type: "string" },
      report: { type: "string" },
    },
  });
  const { only, long } = values;
  const all = Number.POSITIVE_INFINITY;
  // Who asks by name, and for no number, wants all of that name.
  const asMany = (option: string | undefined, usual: number): number =>
    long ? all : option === undefined ? (only === "" ? usual : all) : countFrom(option);
  return {
    task: {
      whole: values.whole,
      plans: asMany(values.plans, USUAL.plans),
      processes: asMany(values.processes, USUAL.processes),
      mistakes: asMany(values.mistakes, USUAL.mistakes),
      seed: countFrom(values.seed),
      only,
      minutes: values.minutes === undefined ? (long ? all : USUAL.minutes) : countFrom(values.minutes),
      atOnce: countFrom(values["at-once"], 1),
      share: shareFrom(values.share),
    },
    harnesses: values.harnesses === undefined ? (only === "" ? 2 : 1) : countFrom(values.harnesses, 1),
    report: values.report,
  };
}

/** Without it a slip of the pen would play nothing, and nothing has no failures. */
function countFrom(text: string, least = 0): number {
  const count = /^\d+$/.test(text) ? Number(text) : -1;
  if (count < least) throw new Error(`"${text}" is no number; it is a whole one from ${least} on.`);
  return count;
}
