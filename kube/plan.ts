import type { Condition, ConditionStatement } from "./condition.ts";
import type { KubeObject, Resource } from "./object.ts";

/** The name of the cluster that the resources themselves live in. */
export const HOME = "home";

/** An object that should exist, and where. */
export interface PlannedObject {
  /** A cluster engaged under this name; absent: {@link HOME}. */
  readonly cluster?: string | undefined;
  /** Exactly the fields that are wanted; everything else is left to the server and to others. */
  readonly object: KubeObject;
  /** True is applied even while the resource is paused or planned only: revocation and expiry never wait. */
  readonly safety?: boolean | undefined;
  /**
   * What the plan read of the object, where what it writes follows from what was there, such as a version that only
   * rises: it is written over nothing else. When somebody was quicker, the world is looked at again.
   */
  readonly over?: Seen | undefined;
  /**
   * True lacks what only {@link Controller.complete} can bring, which waits for somebody, such as a signature. It is asked
   * for when the object is about to be written; a plan that finds it in what lies there takes it over.
   */
  readonly incomplete?: boolean | undefined;
}

/** An object as it was read: its resource version, or that nothing was there. */
export interface Seen {
  readonly resourceVersion: string | undefined;
}

/** What a plan says in status; the driver completes it to {@link DrivenStatus}. */
export interface PlannedStatus {
  /** `Ready`, the kind's own, and `Reconciling`/`Stalled` where the plan knows. `Synced` and `Paused` are the driver's. */
  readonly conditions: readonly ConditionStatement[];
}

/** What one reconcile decided. Plain data: it can be printed, compared and tested without a cluster. */
export interface Plan<Status extends PlannedStatus, Action> {
  /** Every object that should exist, in the order of creation. What an earlier plan had and this one lacks is pruned. */
  readonly objects: readonly PlannedObject[];
  /** What must happen outside the clusters, in order. */
  readonly actions: readonly Action[];
  /** What was observed, in the words of the API. Keys the plan leaves out are removed from status. */
  readonly status: Status;
  /** Milliseconds until the next look when nothing changes; undefined waits for a watch event. */
  readonly recheckAfter?: number | undefined;
  /**
   * True puts the finalizer on a resource that makes nothing itself, and keeps it on one being deleted although no
   * objects and no actions are left, because something has to end first.
   */
  readonly retain?: boolean | undefined;
  /**
   * What should exist cannot be told now, because an input is away or wrong: what is not in `objects` stays as it is,
   * and in the inventory.
   */
  readonly hold?: boolean | undefined;
  /** Clusters that will never come back: their objects are forgotten instead of pruned. */
  readonly abandon?: readonly string[] | undefined;
}

/** One kind's controller. `plan` is pure; the others do its reading and its work. */
export interface Controller<Owner extends KubeObject, World, Status extends PlannedStatus, Action> {
  /** In metrics and logs, such as `partner`. */
  readonly name: string;
  readonly resource: Resource<Owner>;
  /** Reads everything the plan needs, once. May read caches: they are never older than the driver's own last write. */
  observe(owner: Owner): Promise<World> | World;
  /** Pure. With `metadata.deletionTimestamp` set it returns no objects and the actions that undo. */
  plan(owner: Owner, world: World, now: Date): Plan<Status, Action>;
  /** Brings an incomplete object what it lacks, just before it is written. A throw leaves that one object as it lies. */
  complete?(object: KubeObject, owner: Owner): Promise<KubeObject>;
  /** Does one action. Safe to repeat. */
  act(action: Action, owner: Owner): Promise<void>;
  /**
   * True: status is written once, after the objects, instead of before and after them. For plans that find what they
   * need in the objects themselves, not in what their own status said before a crash.
   *
   * It is written before all the same when something is to be done that only the inventory would remember: actions,
   * deletions, objects in other clusters and of kinds that are not watched.
   */
  readonly statusLast?: boolean | undefined;
  /** Actions that run even while paused or planned only. Default: none. */
  isSafety?(action: Action): boolean;
}

/** What the driver knows it put somewhere: enough to find it and to be sure that it is still the same. */
export interface InventoryEntry {
  readonly cluster: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
  /** Absent between the decision to create it and the next reconcile. */
  readonly uid?: string | undefined;
}

/** A failure that began at some time: Events expire, this stays. */
export interface PastFailure {
  /** RFC 3339, in whole seconds. */
  readonly at: string;
  readonly reason: string;
  readonly message: string;
}

/** The part of status that the driver writes. A CRD has these fields in its status schema. */
export interface DrivenStatus {
  readonly observedGeneration?: number | undefined;
  readonly conditions?: readonly Condition[] | undefined;
  /** The last failures, newest first; at most ten. */
  readonly history?: readonly PastFailure[] | undefined;
  readonly inventory?: readonly InventoryEntry[] | undefined;
}

/**
 * What a step needs is away, and comes back by itself or through others: looked at again soon, and nothing else is held up.
 *
 * Thrown where time helps; {@link TerminalError} where it does not; anything else where nobody knows.
 */
export class WaitingError extends Error {
  override readonly name = "WaitingError";
  /** CamelCase, becomes the condition's reason. */
  readonly reason: string;

  constructor(reason: string, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.reason = reason;
  }
}

/**
 * A failure that repeating unchanged cannot mend: the resource becomes `Stalled` until its spec or an input changes.
 *
 * The opposite of {@link WaitingError}. Any other throw is retried with backoff.
 */
export class TerminalError extends Error {
  override readonly name = "TerminalError";
  /** CamelCase, becomes the condition's reason. */
  readonly reason: string;

  constructor(reason: string, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.reason = reason;
  }
}
