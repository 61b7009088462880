import type { DedicatedGateways } from "../../crds/dedicated.ts";
import type { GatewayLoad } from "../../crds/gateway-load.ts";
import type { ConditionStatement } from "../../kube/condition.ts";
import type { Sizes } from "../stack/stack.ts";

/**
 * Requests a second for which one more gateway runs: what the platform is built for (20,000 a second) over as many pods as
 * its largest Regions have (20). CPU alone would do with fewer, and the loss of one would be felt.
 */
export const REQUESTS_PER_POD = 1_000;

/** The floor comes down by one pod after so long below it, in ms. */
export const CALM_MS = 300_000;

/** Below it is what the pods left would take to four fifths. */
const CALM_SHARE = 0.8;

/**
 * The fewest gateways by what they report: up at once, down by one for every five calm minutes, within the Region's bounds.
 *
 * While nobody reports, the floor stays: silence is no calm. Undefined before the first report.
 *
 * @param reports requests a second of each live gateway that says so.
 */
export function loadOf(
  { minReplicas: least, maxReplicas: most }: Sizes,
  reports: readonly number[],
  before: GatewayLoad | undefined,
  now: Date,
): GatewayLoad | undefined {
  const within = (pods: number): number => Math.min(most, Math.max(least, pods));
  const floor = within(before?.minReplicas ?? least);
  if (reports.length === 0) return before && { ...before, minReplicas: floor };
  const requestsPerSecond = reports.reduce((sum, each) => sum + each, 0);
  const wanted = within(podsFor(requestsPerSecond));
  if (wanted >= floor) return { requestsPerSecond, minReplicas: wanted };
  const calm = requestsPerSecond <= CALM_SHARE * REQUESTS_PER_POD * (floor - 1);
  if (!calm) return { requestsPerSecond, minReplicas: floor };
  const calmSince = before?.calmSince ?? now.toISOString();
  if (now.getTime() - Date.parse(calmSince) < CALM_MS)
    return { requestsPerSecond, minReplicas: floor, calmSince };
  // One fewer; whether that is calm too is asked from now on.
  return loadOf(
    { minReplicas: least, maxReplicas: most },
    reports,
    { requestsPerSecond, minReplicas: floor - 1 },
    now,
  );
}

function podsFor(requestsPerSecond: number): number {
  return Math.ceil(requestsPerSecond / REQUESTS_PER_POD);
}

/** That the floor is raised, or that the Region's bound is too low; nothing while it is as the Region says. */
export function loadConditions(
  load: GatewayLoad | undefined,
  { minReplicas: least, maxReplicas: most }: Sizes,
  region: string,
  dedicated: readonly DedicatedGateways[],
): readonly ConditionStatement[] {
  const all = [
    { whose: "Its gateways", load },
    ...dedicated.map((each) => ({ whose: `The gateways of ${each.partner}`, load: each.load })),
  ];
  for (const { whose, load: { requestsPerSecond } = { requestsPerSecond: 0 } } of all) {
    const needed = podsFor(requestsPerSecond);
    if (needed <= most) continue;
    const message = `${whose} take about ${requestsPerSecond} requests a second: ${needed} pods would be right, and Region ${region} allows ${most}; raise its spec.runtime.gateway.maxReplicas.`;
    return [{ type: "LoadCovered", status: "False", reason: "LoadAboveMaximum", message }];
  }
  if (!load || load.minReplicas <= least) return [];
  const { requestsPerSecond, minReplicas, calmSince } = load;
  const told = `Its gateways take about ${requestsPerSecond} requests a second`;
  const calm = calmSince === undefined ? "" : " It comes down by one for every five calm minutes.";
  const message = `${told}, so at least ${minReplicas} pods run, one for each ${REQUESTS_PER_POD}; Region ${region} says ${least} to ${most}.${calm}`;
  return [{ type: "LoadCovered", status: "True", reason: "FloorRaised", message }];
}
