import type { KubeObject } from "../../kube/object.ts";
import { CHECKSUM_ANNOTATION } from "../stack/pod.ts";
import { componentsOf, type Observed, observedKey, type Workload } from "./component.ts";

/** A group, or one partner's own gateways in it: what takes another image as one. */
export interface Installed {
  readonly name: string;
  /** Runtime image that all of it runs; absent: it was never made. */
  readonly image?: string | undefined;
  /** Runtime image it has rolled back. */
  readonly failedImage?: string | undefined;
}

/** What something runs, and what it is to run. */
export interface Turn {
  /** Image of the platform's own processes to render it with. */
  readonly image: string;
  /** Image that some of it still runs; absent: nothing is being upgraded. */
  readonly from?: string | undefined;
  /** Why it does not take the wanted image: it gave that up, or another one comes first. */
  readonly held?: "RolledBack" | Installed | undefined;
}

/**
 * Whether something takes the wanted image now: one after the other, in the order of their names, so that a bad image
 * meets one and stops there.
 *
 * What is not there yet begins with the wanted image. What was rolled back stays as it is until another image is wanted.
 */
export function turnOf(
  { name, image: present, failedImage }: Installed,
  wanted: string,
  others: readonly Installed[],
): Turn {
  if (present === undefined || present === wanted) return { image: wanted };
  if (failedImage === wanted) return { image: present, held: "RolledBack" };
  const first = others
    .filter((other) => other.name < name && other.image !== undefined && other.image !== wanted)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))[0];
  return first ? { image: present, held: first } : { image: wanted, from: present };
}

/** Why the one that comes first holds up others, for people. */
export function whyFirst({ failedImage }: Installed, wanted: string): string {
  return failedImage === wanted ? "where it was rolled back" : "which takes it first";
}

/** Objects in the middle of an upgrade. */
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
 * The objects of an upgrade, one service at a time: while one is not ready with the new image, the others keep the image
 * they run, be it `from` or that of an upgrade that was given up. What does not get ready with the latter comes first.
 */
export function oneAtATime(
  wanted: readonly KubeObject[],
  observed: Observed,
  { image, from }: { readonly image: string; readonly from: string },
): Step {
  const waiting = new Map(
    componentsOf(wanted, observed).flatMap(({ name, ready, message }) => (ready ? [] : [[name, message]])),
  );
  const waitsFor = ({ metadata }: KubeObject): string | undefined => waiting.get(componentName(metadata));
  const rolling = wanted.flatMap((object) => {
    const live =
      ROLLING.has(object.kind) && runs(object, image) ? observed.get(observedKey(object)) : undefined;
    return live ? [{ object, live, isNew: runs(live, image) }] : [];
  });
  const stuck = rolling.find(
    ({ object, live, isNew }) => isNew && isStuck(live) && waitsFor(object) !== undefined,
  );
  const job = wanted.find((object) => object.kind === "Job" && waitsFor(object) !== undefined);
  const begun = rolling.find(({ object, isNew }) => isNew && waitsFor(object) !== undefined);
  const behind = rolling.filter(({ isNew }) => !isNew);
  const broken = behind.find(({ object, live }) => !runs(live, from) && waitsFor(object) !== undefined);
  const open = job ?? begun?.object ?? (broken ?? behind[0])?.object;
  const left = new Map(behind.map(({ object, live }) => [object, live]));
  return {
    objects: wanted.map((object) => {
      const live = left.get(object);
      return live === undefined || object === open ? object : kept(object, live, image);
    }),
    open: open && componentName(open.metadata),
    failed: stuck && `${stuck.object.metadata.name}: ${waitsFor(stuck.object)}`,
  };
}

function componentName({ name, labels }: KubeObject["metadata"]): string {
  return labels?.["app.kubernetes.io/name"] ?? name;
}

/** Whether its controller has given up what is asked for now; what it said of the template before is no answer. */
function isStuck({ metadata, status = {} }: Workload): boolean {
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) return false;
  return status.conditions?.some(({ type, status: is }) => type === "Progressing" && is === "False") ?? false;
}

interface Container {
  readonly name: string;
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
function kept(object: KubeObject, live: KubeObject, image: string) {
  const [template, present] = [templateOf(object), templateOf(live)];
  if (!template || !present) return object;
  const running = new Map(
    [...present.spec.containers, ...(present.spec.initContainers ?? [])].map((each) => [
      each.name,
      each.image,
    ]),
  );
  const before = <T extends Container>(all: readonly T[] | undefined) =>
    all?.map((each) => (each.image === image ? { ...each, image: running.get(each.name) ?? image } : each));
  const { containers, initContainers } = template.spec;
  const checksum = present.metadata?.annotations?.[CHECKSUM_ANNOTATION];
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
