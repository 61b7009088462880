import type { Phase, Scenario } from "./scenario/scenario.ts";

/** A scenario as a fault is played in it. */
export interface Life {
  readonly scenario: Scenario;
  /** The phases whose writes faults meet. */
  readonly strikes: ReadonlySet<string>;
}

/** Every fault meets the whole of the scenario. */
export function wholeLife(scenario: Scenario): Life {
  return { scenario, strikes: new Set(scenario.phases.map(({ name }) => name)) };
}

/**
 * One life for each phase: what it follows, the phase itself, the one after it, where what was broken would show, and the
 * farewell, where what was forgotten would be left behind. A fault in the eleventh phase costs four phases so.
 */
export function shortLives(scenario: Scenario): readonly Life[] {
  const { phases, farewell } = scenario;
  return phases.map((phase, index) => {
    const lived = new Set([...pathTo(index, phases), ...phases.slice(index + 1, index + 2)]);
    for (const each of phases) if (each.name === farewell) lived.add(each);
    return { scenario: { ...scenario, phases: [...lived] }, strikes: new Set([phase.name]) };
  });
}

/** The phases that lead to one, and itself. */
function pathTo(index: number, phases: readonly Phase[]): readonly Phase[] {
  const phase = phases[index];
  if (!phase) return [];
  const before = phases.findIndex(({ name }) => name === phase.follows);
  return [...pathTo(before < 0 ? index - 1 : before, phases), phase];
}
