import { type Life, shortLives, wholeLife } from "./lives.ts";
import { type FaultPlan, nameOf } from "./play.ts";
import { startProcess } from "./process-subject.ts";
import { sampleOf, seeded, shuffled } from "./random.ts";
import type { Scenario } from "./scenario/scenario.ts";
import { shareOf } from "./share.ts";
import type { Task } from "./task.ts";

/** The lives that a task is about. Whoever asks for one scenario needs none of the others. */
export function livesOf(scenarios: readonly Scenario[], { whole, only, share }: Task): readonly Life[] {
  const asksFor = ({ name }: Scenario): boolean => only.startsWith(`${name} /`);
  const asked = scenarios.some(asksFor) ? scenarios.filter(asksFor) : scenarios;
  const lives = asked.flatMap((scenario) => (whole ? [wholeLife(scenario)] : shortLives(scenario)));
  return shareOf(lives, share);
}

/** Whether the program under test is a process that can be killed. */
export function hasProcess({ scenario }: FaultPlan): boolean {
  return scenario.start === startProcess;
}

/** How often a sample has a plan's kind for one of others. */
const portionOf = ({ scenario, fault }: FaultPlan): number => (scenario.share ?? 1) * (fault.share ?? 1);

/** The plans that a task asks for by name. */
export function askedFor({ only }: Pick<Task, "only">, all: readonly FaultPlan[]): readonly FaultPlan[] {
  return all.filter((plan) => nameOf(plan).includes(only));
}

/** The plans to play, in the order in which they are: the same for the same seed, spread over scenarios and fault classes. */
export function plansFor(task: Task, all: readonly FaultPlan[]): readonly FaultPlan[] {
  const random = seeded(task.seed);
  const groupOf = ({ scenario, fault }: FaultPlan): string => `${scenario.name} / ${fault.name}`;
  const asked = askedFor(task, all);
  const ofProcesses = asked.filter(hasProcess);
  const others = asked.filter((plan) => !hasProcess(plan));
  const first = sampleOf(ofProcesses, Math.min(task.processes, task.plans), groupOf, random, portionOf);
  const rest = sampleOf(others, task.plans - first.length, groupOf, random, portionOf);
  return shuffled([...first, ...rest], random);
}

/** The mistakes of people to make, each a scenario. */
export function mistakesFor(task: Task, all: readonly Scenario[]): readonly Scenario[] {
  const asked = shareOf(all, task.share).filter(({ name }) => name.includes(task.only));
  const kindOf = ({ phases }: Scenario): string => phases[1]?.name ?? "";
  return sampleOf(asked, task.mistakes, kindOf, seeded(task.seed));
}
