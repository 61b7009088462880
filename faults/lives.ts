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
 * One life for each phase: all up to the phase after it, where what was broken would show, and the farewell, where what
 * was forgotten would be left behind. A fault early in a long scenario costs a third of a whole life so.
 */
export function shortLives(scenario: Scenario): readonly Life[] {
  return scenario.phases.map(({ name }, index) => {
    const lived = scenario.phases.slice(0, index + 2);
    return {
      scenario: { ...scenario, phases: [...lived, ...farewellOf(scenario, lived)] },
      strikes: new Set([name]),
    };
  });
}

function farewellOf({ phases, farewell }: Scenario, lived: readonly Phase[]): readonly Phase[] {
  return phases.filter((phase) => phase.name === farewell && !lived.includes(phase));
}
