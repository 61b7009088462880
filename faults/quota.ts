import type { Quota, Repertoire } from "./news.ts";
import { dealt } from "./share.ts";

/** What a play with processes takes of a machine, in plays of others: about this much (docs/performance/faults.md). */
const PROCESS_COST = 2;

/**
 * How many plans each harness is to draw: all that are wanted, as far as there are so many, and about the same work for each.
 *
 * Which plans a harness has depends on the writes of the lives it learned, so half of what is wanted for each would be too few.
 */
export function quotasFor(
  wanted: Quota,
  there: readonly Pick<Repertoire, "processes" | "others">[],
): readonly Quota[] {
  const processes = dealt(
    Math.min(wanted.processes, wanted.plans),
    there.map((each) => each.processes),
  );
  const drawn = processes.reduce((sum, each) => sum + each, 0);
  const others = dealt(
    wanted.plans - drawn,
    there.map((each) => each.others),
    processes.map((each) => each * PROCESS_COST),
  );
  return there.map((_, index) => {
    const [killed = 0, rest = 0] = [processes[index], others[index]];
    return { processes: killed, plans: killed + rest };
  });
}
