import type { ConditionStatement } from "../../kube/condition.ts";
import type { KubeObject } from "../../kube/object.ts";
import type { Observed } from "./component.ts";
import { rolledBackConditions, upgrading } from "./conditions.ts";
import { type Installed, oneAtATime, turnOf, whyFirst } from "./upgrade.ts";

/** One partner's own gateways, and what the group's services run. */
interface Own {
  /** What they run; its name is the client id. */
  readonly installed: Installed;
  /** `namespace/name` of the Partner, for messages. */
  readonly partner: string;
  /** Image that all services of the group run. */
  readonly wanted: string;
  /** The gateways of other partners of the group. */
  readonly others: readonly Installed[];
  readonly observed: Observed;
  /** Their objects with an image. */
  readonly render: (image: string) => readonly KubeObject[];
}

/** The next step of them to the image of the group's services. */
export interface OwnStep {
  readonly objects: readonly KubeObject[];
  readonly installed: Installed;
  /** What the group says of it. */
  readonly conditions: readonly ConditionStatement[];
  /** Why they stay behind; absent: they do not. */
  readonly behind?: string;
}

/**
 * Takes one partner's gateways to the image of the group's services, as services are taken: in their turn, judged by their
 * own probes, and back to the image before when they do not get ready with it.
 *
 * Then the gateways of other partners stay as they are, and so do other groups. The group's services go on with the image: all of
 * them got ready with it, and they serve the partner too.
 */
export function ownStep(own: Own): OwnStep {
  const { installed, partner, wanted, others, observed, render } = own;
  const { name, failedImage } = installed;
  const { image, from, held } = turnOf(installed, wanted, others);
  const failed = failedImage === wanted ? { failedImage } : {};
  if (held === "RolledBack") {
    const behind = `They run ${image} again: they did not get ready with ${wanted}.`;
    const message = `The gateways of ${partner} run ${image} again: they did not get ready with ${wanted}. status.history says why. Those of other partners, and other groups, wait; install another image.`;
    const conditions = rolledBackConditions(message);
    return { objects: render(image), installed: { name, image, ...failed }, conditions, behind };
  }
  if (held) {
    const behind = `They run ${image}. ${wanted} waits for those of ${held.name}, ${whyFirst(held, wanted)}.`;
    return { objects: render(image), installed: { name, image }, conditions: [], behind };
  }
  if (from === undefined) return { objects: render(image), installed: { name, image }, conditions: [] };
  const { objects, open, failed: why } = oneAtATime(render(image), observed, { image, from });
  if (why !== undefined) {
    const message = `${partner}: ${why} Its gateways go back to ${from}; install another image than ${wanted}.`;
    const back = ownStep({ ...own, installed: { ...installed, failedImage: wanted } });
    return { ...back, conditions: rolledBackConditions(message) };
  }
  if (open === undefined) return { objects, installed: { name, image }, conditions: [] };
  const conditions = [upgrading(`${open} of ${partner}`, { image, from })];
  return { objects, installed: { name, image: from }, conditions };
}
