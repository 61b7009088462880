import { PROCESS_FAULTS } from "../process-faults.ts";
import { startProcess } from "../process-subject.ts";
import { partnerScenario } from "./partner.ts";
import type { Scenario } from "./scenario.ts";

/** Phases that matter to a process that ends: something made, taken away, asked for, taken back, cleaned up. */
const PHASES = new Set([
  "appears",
  "changes",
  "is suspended",
  "is let in again",
  "gets a second certificate",
  "loses the first",
  "gets another in its place",
  "leaves eu",
  "goes",
]);

/** The life of a Partner, served by the operator's own process. */
export const processScenario: Scenario = {
  ...partnerScenario,
  name: "process",
  phases: partnerScenario.phases.filter(({ name }) => PHASES.has(name)),
  start: startProcess,
  faults: PROCESS_FAULTS,
};
