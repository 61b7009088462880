import { groupScenario } from "./group.ts";
import { partnerScenario } from "./partner.ts";
import { policyScenario } from "./policy.ts";
import { processScenario } from "./process.ts";
import type { Scenario } from "./scenario.ts";

/** Everything that the harness plays. */
export const SCENARIOS: readonly Scenario[] = [
  partnerScenario,
  policyScenario,
  groupScenario,
  processScenario,
];
