import type { FailoverGroupStatus } from "../../crds/failover-group.ts";
import type { ConditionStatement } from "../../kube/condition.ts";
import type { KubeObject } from "../../kube/object.ts";
import { CHECKSUM_ANNOTATION } from "../stack/pod.ts";
import { componentsOf, type Observed, observedKey, type Workload } from "./component.ts";
import type { Neighbour } from "./world.ts";

/** What a group's services run, and what they are to run. */
export interface Turn {
  /** Image of the platform's own processes to render the stack with. */
  readonly image: string;
  /** Image that services still run; absent: nothing is being upgraded. */
  readonly from?: string | undefined;
  /** What there is to say of it, for people. */
  readonly condition?: ConditionStatement | undefined;
}

/**
 * Whether a group takes the wanted image now: one group after the other, in the order of their names, so that a bad
 * image meets one region and stops there.
 *
 * A stack that is not there yet begins with the wanted image. One that was rolled back stays as it is until another
 * image is wanted.
 */
export function turnOf(
  name: string,
  { image: present, failedImage }: Pick<FailoverGroupStatus, "image" | "failedImage">,
  wanted: string,
  neighbours: readonly Neighbour[],
): Turn {
  if (present === undefined || present === wanted) return { image: wanted };
  if (failedImage === wanted) {
    const message = `Every service runs ${present} again: one did not get ready with ${wanted}. status.history says which; install another image.`;
    return { image: present, condition: upgraded("RolledBack", message) };
  }
  const first = neighbours
    .filter((other) => other.name < name && other.image !== undefined && other.image !== wanted)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))[0];
  if (!first) return { image: wanted, from: present };
  const why = first.failedImage === wanted ? "where it was rolled back" : "which takes it first";
  const message = `Services run ${present}. ${wanted} waits for FailoverGroup ${first.name}, ${why}.`;
  return { image: present, condition: upgraded("UpgradeWaits", message) };
}

/** A stack in the middle of an upgrade. */
export interface Step {
  readonly objects: readonly KubeObject[];
  /** The component that is being replaced, or waited for; absent: all run the new image. */
  readonly open?: string | undefined;
  /** Why the new image is given up; absent: it is not. */
  readonly failed?: string | undefined;
}

/** What can be replaced in place; Jobs run once for each image, before everything else. */
const ROLLING = new Set(["Deployment", "StatefulSet"]);

/**
 * The objects of an upgrade, one service at a time: those after the first that is not ready with the new image keep the
 * one they run.
 */
export function oneAtATime(
  wanted: readonly KubeObject[],
  observed: Observed,
  { image, from }: { readonly image: string; readonly from: string },
): Step {
  const waiting = new Map(
    componentsOf(wanted, observed).flatMap(({ name, ready, message }) => (ready ? [] : [[name, message]])),
  );
  const isBeingReplaced = (object: KubeObject): boolean => {
    const live = rollingIn(observed, object, image);
    if (!live) return false;
    // What runs a third image, of an upgrade that was given up or of a hand, is put right first.
    return runs(live, image) ? waiting.has(componentName(object.metadata)) : !runs(live, from);
  };
  const job = wanted.find(({ kind, metadata }) => kind === "Job" && waiting.has(componentName(metadata)));
  let open = (job && componentName(job.metadata)) ?? wanted.find(isBeingReplaced)?.metadata.name;
  let failed: string | undefined;
  const objects = wanted.map((object) => {
    const live = rollingIn(observed, object, image);
    if (!live) return object;
    if (runs(live, image)) {
      const message = waiting.get(componentName(object.metadata));
      if (message !== undefined && isStuck(live)) failed ??= `${object.metadata.name}: ${message}`;
      return object;
    }
    if (!runs(live, from)) return object;
    if (open !== undefined) return kept(object, live, { image, from });
    open = object.metadata.name;
    return object;
  });
  return { objects, open, failed };
}

/** The workload that is there for one that can be replaced in place and runs our image; undefined for all else. */
function rollingIn(observed: Observed, object: KubeObject, image: string): Workload | undefined {
  return ROLLING.has(object.kind) && runs(object, image) ? observed.get(observedKey(object)) : undefined;
}

/** What is said while services are being replaced. */
export function upgrading(open: string, { image, from }: { readonly image: string; readonly from: string }) {
  return upgraded(
    "Upgrading",
    `${open} is being replaced or waited for, on the way from ${from} to ${image}.`,
  );
}

function upgraded(reason: string, message: string): ConditionStatement {
  return { type: "Upgraded", status: "False", reason, message };
}

function componentName({ name, labels }: KubeObject["metadata"]): string {
  return labels?.["app.kubernetes.io/name"] ?? name;
}

function isStuck({ status }: Workload): boolean {
  return (
    status?.conditions?.some(({ type, status: is }) => type === "Progressing" && is === "False") ?? false
  );
}

interface Container {
  readonly image: string;
}

interface Template {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly containers: readonly Container[];
    readonly initContainers?: readonly Container[];
  };
}

function templateOf(object: KubeObject): Template | undefined {
  return (object as KubeObject & { readonly spec?: { readonly template?: Template } }).spec?.template;
}

function runs(object: KubeObject, image: string): boolean {
  const { containers = [], initContainers = [] } = templateOf(object)?.spec ?? {};
  return [...containers, ...initContainers].some((each) => each.image === image);
}

/** The wanted workload, but with the image it runs, and not started again for a configuration of the next. */
function kept(
  object: KubeObject,
  live: KubeObject,
  { image, from }: { readonly image: string; readonly from: string },
) {
  const template = templateOf(object);
  if (!template) return object;
  const before = <T extends Container>(all: readonly T[] | undefined) =>
    all?.map((each) => (each.image === image ? { ...each, image: from } : each));
  const { containers, initContainers } = template.spec;
  const checksum = templateOf(live)?.metadata?.annotations?.[CHECKSUM_ANNOTATION];
  const annotations = {
    ...template.metadata?.annotations,
    ...(checksum === undefined ? {} : { [CHECKSUM_ANNOTATION]: checksum }),
  };
  const spec = {
    ...template.spec,
    containers: before(containers),
    ...(initContainers ? { initContainers: before(initContainers) } : {}),
  };
  const next = { ...template, metadata: { ...template.metadata, annotations }, spec };
  return { ...object, spec: { ...(object as unknown as { readonly spec: object }).spec, template: next } };
}
