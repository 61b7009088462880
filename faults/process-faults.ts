import { until } from "../kube/testing/until.ts";
import type { Fault } from "../kube/testing/proxy.ts";
import type { FaultClass } from "./fault-classes.ts";
import type { Stage } from "./stage.ts";

const killing = (stage: Stage, when: "before" | "after"): Fault => ({ when, strike: () => stage.crash() });

/** For a second process to start and take the lead, in ms: a lease of 15 s, and a machine that does other things as well. */
const SUCCESSION = 180_000;

/** The process sleeps on past its lease while another takes over, then wakes in the middle of its work. */
async function freeze(stage: Stage): Promise<void> {
  const first = stage.subject;
  const proxy = stage.secondProxy();
  const second = await stage.another(await proxy.start());
  try {
    // A look is a request: a hundred in a second would be most of what a plan costs.
    await until("the second to lead", () => second.leads?.() ?? false, SUCCESSION, 250);
    const before = stage.writes.filter(({ line }) => line === "hub").length;
    first?.signal?.("SIGCONT");
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const late = stage.writes.filter(({ line }) => line === "hub").slice(before);
    for (const { what } of late) stage.found.push(`two leaders: a process without the lease wrote ${what}`);
  } finally {
    await second.stop();
    await proxy.stop();
  }
}

/** What happens to the operator as a process; each meets every write of the learn run. */
export const PROCESS_FAULTS: readonly FaultClass[] = [
  { name: "kill -9 before", rel: "REL-01", lasts: 0, strike: (stage) => killing(stage, "before") },
  { name: "kill -9 after", rel: "REL-01", lasts: 0, strike: (stage) => killing(stage, "after") },
  {
    name: "kill -9, changed while down",
    rel: "REL-01",
    lasts: 0,
    sameCounts: false,
    staysDown: true,
    strike: (stage) => killing(stage, "after"),
  },
  {
    name: "SIGTERM to the process",
    rel: "REL-32",
    lasts: 0,
    strike(stage) {
      void stage.restart();
      return undefined;
    },
  },
  {
    name: "frozen past the lease",
    rel: "REL-11",
    lasts: 30_000,
    sleeps: true,
    // Two processes, and half a minute in which one of them waits for a lease to run out.
    share: 1 / 4,
    strike(stage) {
      stage.subject?.signal?.("SIGSTOP");
      stage.lasting(freeze(stage));
      return undefined;
    },
  },
];
