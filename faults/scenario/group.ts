import { conditionOf } from "../../kube/condition.ts";
import type { Manifest } from "../../kube/object.ts";
import type { ConfigMap } from "../../kube/resources.ts";
import {
  type FailoverGroupObject,
  failoverGroups,
  type RegionObject,
  regions,
} from "../../crds/resources.ts";
import { testGroup, testRegion } from "../../operator/testing/group.ts";
import { FAULT_CLASSES } from "../fault-classes.ts";
import { startPlatform } from "../platform-subject.ts";
import type { Stage } from "../stage.ts";
import { makeTrust, systemOf, ZONE } from "../system.ts";
import type { Scenario } from "./scenario.ts";
import { all, made, so } from "./setting.ts";

/** The Region with a cluster of its own, with so many gateways at least. */
const makeRegion = (stage: Stage, minReplicas: number): Promise<void> => {
  const { away } = stage.corner;
  const region = testRegion(away, `region-${away}`);
  const gateway = { minReplicas, maxReplicas: 4 };
  const runtime = { ...region.spec.runtime, gateway };
  return made(stage, regions, { ...region, spec: { ...region.spec, runtime } });
};

/** The group whose stack is there; `api` is the first part of one of its names. */
const makeGroup = (stage: Stage, api: string): Promise<void> => {
  const { away } = stage.corner;
  const group = testGroup(away);
  const host = (part: string): string => `${part}-${away}.${ZONE}`;
  const { tls } = group.spec.hosts;
  const hosts = { api: host(api), auth: host("auth"), mtlsAuth: host("mtls"), tls };
  return made(stage, failoverGroups, { ...group, spec: { ...group.spec, hosts } });
};

type Resting = FailoverGroupObject | RegionObject;

const is = (found: Resting | undefined, type: string): boolean =>
  conditionOf(found?.status?.conditions, type)?.status === "True";

/** Ready, by its present spec, with everything in place. */
const ready = (stage: Stage, kind: string, synced: boolean): true | string => {
  const found = stage.history.live.get(`${kind} ${stage.corner.away}`) as Resting | undefined;
  const present = found?.status?.observedGeneration === found?.metadata.generation;
  const told = found?.status?.conditions?.map((each) => `${each.type}=${each.status}: ${each.message}`);
  const fits = found && present && is(found, "Ready") && (!synced || is(found, "Synced"));
  return fits === true || `${kind} to be ready; it says: ${told?.join(" · ") ?? "nothing"}`;
};

/** Served under the name that begins with `api`; with so many gateways at least, where that is the point. */
const serves = (stage: Stage, api: string, minReplicas?: number): true | string => {
  const { corner, history } = stage;
  const inStack = (kind: string, name: string): Manifest | undefined =>
    history.live.get(`${kind} stack-${corner.away}/${name}`) as Manifest | undefined;
  const scaler = inStack("HorizontalPodAutoscaler", "gateway")?.["spec"] as
    | { minReplicas?: number }
    | undefined;
  const published = namesOf(stage).includes(`${api}-${corner.away}.${ZONE}`);
  return all(
    ready(stage, failoverGroups.kind, true),
    ready(stage, regions.kind, true),
    so(!minReplicas || scaler?.minReplicas === minReplicas, `${minReplicas} gateways at least`),
    so(published, `the name that begins with ${api} is published`),
  );
};

/** What the name server reads. */
function namesOf({ corner, history }: Stage): string {
  const records = history.live.get(`ConfigMap ${systemOf(corner)}/records`) as ConfigMap | undefined;
  return records?.data?.["hosts"] ?? "";
}

/** A FailoverGroup's and its Region's life: a stack appears, grows, changes its name, and goes with its Region. */
export const groupScenario: Scenario = {
  name: "FailoverGroup",
  start: startPlatform,
  faults: FAULT_CLASSES,
  // A stack has two hundred writes, a Partner thirty; a play takes four times as long.
  share: 1 / 4,
  farewell: "goes, and its Region",
  prepare: makeTrust,
  phases: [
    {
      name: "appears",
      async change(stage) {
        await makeGroup(stage, "api");
        await makeRegion(stage, 1);
      },
      reached: (stage) => serves(stage, "api", 1),
    },
    {
      name: "grows",
      change: (stage) => makeRegion(stage, 2),
      reached: (stage) => serves(stage, "api", 2),
    },
    {
      name: "changes its name",
      follows: "appears",
      change: (stage) => makeGroup(stage, "bank"),
      reached: (stage) => serves(stage, "bank"),
    },
    {
      name: "goes, and its Region",
      follows: "appears",
      async change({ admin, corner }) {
        // The Region waits for the group that has its stack there.
        await admin.delete(regions, { name: corner.away });
        await admin.delete(failoverGroups, { name: corner.away });
      },
      reached: (stage) => {
        const { history, corner } = stage;
        const left = [...history.live.keys()].filter((place) => place.includes(`stack-${corner.away}`));
        return all(
          so(!history.live.has(`FailoverGroup ${corner.away}`), "the group is gone"),
          so(!history.live.has(`Region ${corner.away}`), "the Region is gone"),
          so(left.length === 0, `nothing is left of the stack, but there is ${left.join(", ")}`),
          so(!namesOf(stage).includes(corner.away), "its names are taken down"),
        );
      },
    },
  ],
};
