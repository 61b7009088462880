import type { Cluster } from "./cluster.ts";
import { conflictsOf, isConflict } from "./error.ts";
import type { Failure } from "./failure.ts";
import { entryOf, placeOf } from "./inventory.ts";
import { lookAgain } from "./look-again.ts";
import { differences } from "./match.ts";
import type { KubeObject, Resource } from "./object.ts";
import { keyOf, keyText } from "./object.ts";
import type { OwnershipMarks } from "./ownership.ts";
import { appliedAnnotation } from "./ownership.ts";
import type { InventoryEntry, Seen } from "./plan.ts";
import { Spellings } from "./spellings.ts";

/** What must be done about one wanted object. */
export type Step =
  /** It is as wanted. */
  | { readonly do: "nothing"; readonly uid: string }
  | { readonly do: "create" }
  | { readonly do: "update"; readonly uid: string; readonly paths: readonly string[] }
  /** Something of that name is there that must not be touched, or not yet. */
  | { readonly do: "refuse"; readonly failure: Failure };

/** An object on its way to a cluster. */
export interface Target {
  readonly cluster: Cluster;
  readonly resource: Resource<KubeObject>;
  /** As it will be sent: see `marked`. */
  readonly object: KubeObject;
  readonly isOurs: (live: KubeObject) => boolean;
  /** Written over nothing but this: see `PlannedObject`. */
  readonly over?: Seen | undefined;
}

/** Fields of ours that another manager had taken, and who. */
export interface Conflict {
  readonly target: Target;
  readonly managers: ReadonlyMap<string, readonly string[]>;
}

/** An object was not written: see {@link Failure}. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** No object ever has this version: naming it makes a server-side apply create, or fail when something is there. */
export const NOTHING_THERE = "1";

/**
 * Compares wanted objects with live ones and applies what differs.
 *
 * Remembers how a server spells what it was sent (a webhook or a defaulted list may change it), so that the spelling
 * is no difference the next time; and which names it met taken that no cache shows. Forgetting costs one request per
 * such object, nothing more.
 */
export class Applier {
  readonly #marks: OwnershipMarks;
  readonly #onConflict: (conflict: Conflict) => void;
  readonly #spellings = new Spellings();
  readonly #taken = new Set<string>();

  constructor(marks: OwnershipMarks, onConflict: (conflict: Conflict) => void) {
    this.#marks = marks;
    this.#onConflict = onConflict;
  }

  /** What to do about an object, given what is there. Sends nothing. */
  stepFor(target: Target, live: KubeObject | undefined): Step {
    if (!live) return { do: "create" };
    const { cluster, object } = target;
    const what = `${object.kind} ${keyText(keyOf(object))} in cluster ${cluster.name}`;
    if (!target.isOurs(live)) {
      const message =
        `${what} exists and is not ours: it lacks our labels or belongs to another owner. ` +
        "Remove or rename it, and it is created here.";
      return {
        do: "refuse",
        failure: { reason: "NotOurs", message, kind: "transient", cluster: cluster.name },
      };
    }
    if (live.metadata.deletionTimestamp !== undefined) {
      const blockers = (live.metadata.finalizers ?? []).join(", ");
      const message =
        `${what} is being deleted` +
        `${blockers === "" ? "" : ` and waits for its finalizers (${blockers})`}; it is created again after that.`;
      return {
        do: "refuse",
        failure: { reason: "Terminating", message, kind: "waiting", cluster: cluster.name },
      };
    }
    const uid = live.metadata.uid ?? "";
    const annotation = appliedAnnotation(this.#marks);
    const mark = object.metadata.annotations?.[annotation];
    const found = differences(object, live, target.resource.listKeys);
    const spelled = new Set(this.#spellings.within(entryOf(cluster.name, object, uid), mark, found));
    const paths = found.filter((each) => !spelled.has(each)).map(({ path }) => path);
    if (live.metadata.annotations?.[annotation] === mark && paths.length === 0) return { do: "nothing", uid };
    return { do: "update", uid, paths };
  }

  /** Nothing is wanted there any more, and nothing of ours is there. */
  forget(entry: InventoryEntry): void {
    this.#spellings.forget(entry);
    this.#taken.delete(placeOf(entry));
  }

  /**
   * What is there, as far as it must be known before writing: undefined is nothing, or nothing that a cache shows.
   *
   * Creating fails when something is there after all, so an absence in a cache needs no second look; but where the plan
   * has read an object, or one was made before, it may be there without our labels, and is known by its UID.
   */
  async liveOf(
    { cluster, resource, object, over }: Target,
    wasMade: () => boolean,
  ): Promise<KubeObject | undefined> {
    const key = keyOf(object);
    const cache = cluster.cache(resource);
    const place = placeText(cluster, object);
    const cached = cache?.synced ? cache.get(key) : undefined;
    const isHidden = this.#taken.has(place) || over?.resourceVersion !== undefined;
    if (cached || (cache?.synced && !isHidden && !wasMade())) return cached;
    const live = await cluster.client.get(resource, key);
    if (!live) this.#taken.delete(place);
    return live;
  }

  /**
   * Creates or updates an object; the answer is in the cluster's cache before this returns.
   *
   * Creating never meets an object that is there already, and an update names the UID, so it never meets a successor
   * of the same name. Fields that others took are taken back and their names reported.
   *
   * @throws KubeError also a Conflict when something else is there than the plan had seen.
   * @throws Refused when something that is not ours turns out to be there.
   */
  async apply(target: Target, step: Step & { readonly do: "create" | "update" }): Promise<void> {
    if (target.over) return this.#applyOver(target, target.over);
    if (step.do === "update") return this.#send(target, { uid: step.uid });
    try {
      await this.#send(target, { resourceVersion: NOTHING_THERE });
    } catch (error) {
      if (!isConflict(error)) throw error;
      // Something is there that no cache shows: another's, or ours without our labels, or of an answer that was lost.
      const { cluster, resource, object } = target;
      this.#taken.add(placeText(cluster, object));
      const live = await cluster.client.get(resource, keyOf(object));
      if (!live) throw error;
      const now = this.stepFor(target, live);
      if (now.do === "refuse") throw new Refused(now.failure);
      if (now.do === "update") return this.#send(target, { uid: now.uid });
      cluster.cache(resource)?.wrote(live, this.#marks.managedBy);
    }
  }

  /** What lies there instead goes into the cache: the next look must not decide by the same old picture. */
  async #applyOver(target: Target, { resourceVersion = NOTHING_THERE }: Seen): Promise<void> {
    try {
      await this.#send(target, { resourceVersion });
    } catch (error) {
      const { cluster, resource, object } = target;
      if (isConflict(error)) await lookAgain(cluster, resource, keyOf(object), this.#marks.managedBy);
      throw error;
    }
  }

  async #send(
    target: Target,
    precondition: { readonly uid: string } | { readonly resourceVersion: string },
  ): Promise<void> {
    const { cluster, resource, object } = target;
    const sent = { ...object, metadata: { ...object.metadata, ...precondition } };
    const fieldManager = this.#marks.managedBy;
    const answer = await cluster.client.apply(resource, sent, { fieldManager }).catch((error: unknown) => {
      const managers = conflictsOf(error);
      if (managers.size === 0) throw error;
      this.#onConflict({ target, managers });
      return cluster.client.apply(resource, sent, { fieldManager, force: true });
    });
    this.#learn(target, answer.object);
    cluster.cache(resource)?.wrote(answer.object, fieldManager);
  }

  #learn({ cluster, resource, object }: Target, live: KubeObject): void {
    const mark = object.metadata.annotations?.[appliedAnnotation(this.#marks)];
    const entry = entryOf(cluster.name, object, live.metadata.uid ?? "");
    this.#spellings.learn(entry, mark, differences(object, live, resource.listKeys));
  }
}

function placeText({ name }: Cluster, object: KubeObject): string {
  return placeOf(entryOf(name, object));
}
