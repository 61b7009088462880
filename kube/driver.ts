import type { Conflict } from "./apply.ts";
import { Applier } from "./apply.ts";
import { applyAll, pruneAll } from "./carry-out.ts";
import type { Client } from "./client.ts";
import type { Clock } from "./clock.ts";
import { systemClock } from "./clock.ts";
import type { Clusters } from "./clusters.ts";
import type { OthersStatus } from "./driven-status.ts";
import { statusOf } from "./driven-status.ts";
import { failureOf } from "./failure.ts";
import { additions, inventoryOf, unwanted } from "./inventory.ts";
import { describe, describeEntry, entryFor, judge } from "./judge.ts";
import type { KubeObject, ObjectKey, Resource } from "./object.ts";
import { keyOf } from "./object.ts";
import type { OwnershipMarks } from "./ownership.ts";
import { isOwned, marked } from "./ownership.ts";
import type { Controller, DrivenStatus, InventoryEntry, Plan, PlannedStatus } from "./plan.ts";
import { HOME } from "./plan.ts";
import type { Outcome } from "./outcome.ts";
import { outcome } from "./outcome.ts";
import type { ResourceTable } from "./resources.ts";
import { restraintOf } from "./restraint.ts";
import { StatusWriter } from "./status-writer.ts";
import { areFindable, strays } from "./strays.ts";

export interface DriverOptions extends OwnershipMarks {
  readonly clusters: Clusters;
  readonly resources: ResourceTable;
  /** Put on a resource before anything is made for it. Absent: nothing is cleaned up after its deletion. */
  readonly finalizer?: string | undefined;
  readonly clock?: Clock | undefined;
  /** Whether an object of another owner's UID may be taken over, say after a restore from Git. Default: never. */
  readonly adopt?: ((live: KubeObject, owner: KubeObject) => boolean) | undefined;
  /** What other writers have in the status of the resources. */
  readonly others?: OthersStatus | undefined;
  /** Fields of ours had been taken by another manager and were taken back. */
  readonly onConflict?: ((conflict: Conflict) => void) | undefined;
  /** A resource's status was written: for events on its edges. */
  readonly onStatus?: ((owner: KubeObject, before: DrivenStatus) => void) | undefined;
}

/** Carries out the plans of one controller. */
export class Driver {
  readonly #options: DriverOptions;
  readonly #clock: Clock;
  readonly #applier: Applier;

  constructor(options: DriverOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#applier = new Applier(options, options.onConflict ?? (() => {}));
  }

  /**
   * Brings the world one step closer to what a resource asks for: observe, plan, write status, apply, prune, act.
   *
   * Run again without a change it sends nothing. What fails is in the outcome and in status.
   *
   * @throws KubeError when the resource itself cannot be read or its status not written.
   */
  async reconcile<Owner extends KubeObject, World, Status extends PlannedStatus, Action>(
    controller: Controller<Owner, World, Status, Action>,
    key: ObjectKey,
  ): Promise<Outcome> {
    const { clusters, prefix, finalizer, managedBy, others } = this.#options;
    const home = clusters.get(HOME);
    const found = await home?.get(controller.resource, key);
    const deleting = found?.metadata.deletionTimestamp !== undefined;
    const ours = finalizer !== undefined && (found?.metadata.finalizers?.includes(finalizer) ?? false);
    if (!home || !found || (deleting && !ours)) return { writes: 0, again: false, failures: [] };
    let owner = found;

    const now = this.#clock.now();
    const restraint = restraintOf(owner, prefix, now);
    const writer = new StatusWriter({
      client: home.client,
      resource: controller.resource,
      fieldManager: `${managedBy}-status`,
      restraint,
      now,
      others,
      onWritten: (answer, before) => {
        home.cache<KubeObject>(controller.resource)?.wrote(answer, managedBy);
        this.#options.onStatus?.(answer, before);
      },
    });
    let plan: Plan<Status, Action>;
    try {
      plan = controller.plan(owner, await controller.observe(owner), now);
    } catch (error) {
      const failure = failureOf(error, "Observing and planning");
      const writes = await writer.write(owner, undefined, statusOf(owner).inventory ?? [], [], [failure]);
      return outcome({ writes, again: false, failures: [failure], restraint, now });
    }

    const restrained = restraint.planOnly || restraint.pausedUntil !== undefined;
    const written = statusOf(owner).inventory ?? [];
    const { statusLast = false } = controller;
    const known = statusLast ? [...written, ...strays(home, owner, this.#options, written)] : written;
    const isOurs = (live: KubeObject): boolean => this.#isOurs(live, found, known);
    const judged = await judge(plan.objects, owner, {
      ...this.#options,
      applier: this.#applier,
      isOurs,
      known,
    });
    const abandoned = new Set(plan.abandon ?? []);
    const entries = judged.flatMap((each) => entryFor(each, known) ?? []);
    const old = unwanted(known, entries);
    const leftover = old.filter(({ cluster }) => !abandoned.has(cluster));
    const surplus = plan.hold ? [] : leftover;
    const writable = judged.filter(({ step }) => step.do === "create" || step.do === "update");
    const allowed = new Set(
      plan.objects.flatMap(({ safety }, index) => (!restrained || safety ? [index] : [])),
    );
    const todo = writable.filter((each) => allowed.has(judged.indexOf(each)));
    const doomed = restrained ? [] : surplus;
    const actions = restrained
      ? plan.actions.filter((action) => controller.isSafety?.(action))
      : plan.actions;
    const refused = judged.flatMap(({ step }) => (step.do === "refuse" ? [step.failure] : []));
    const pending = [...writable.map(describe), ...surplus.map(describeEntry)];

    let writes = 0;
    const needed = todo.length > 0 || actions.length > 0 || plan.retain === true;
    if (!deleting && finalizer !== undefined && !ours && needed) {
      owner = await this.#setFinalizers(home.client, controller.resource, owner, [
        ...(owner.metadata.finalizers ?? []),
        finalizer,
      ]);
      writes++;
    }
    const inventory = inventoryOf(entries, leftover.toReversed());
    const plain = todo.length > 0 && actions.length === 0 && doomed.length === 0 && !restrained;
    if (!statusLast || !plain || !areFindable(home, additions(written, inventory))) {
      // A failure that is known before anything is written is said at once; otherwise the outcome tells.
      writes += await writer.write(owner, plan.status, inventory, pending, todo.length > 0 ? [] : refused);
      owner = writer.latest(owner);
    }

    const applied = await applyAll(todo, this.#applier, async (cluster, incomplete) =>
      marked((await controller.complete?.(incomplete, owner)) ?? incomplete, cluster, owner, this.#options),
    );
    const failed = new Set(applied.failures.map(({ cluster }) => cluster));
    const reachable = doomed.filter(({ cluster }) => !failed.has(cluster));
    const pruned = await pruneAll(reachable, { ...this.#options, isOurs, now });
    writes += applied.writes + pruned.filter(({ wrote }) => wrote).length;
    const failures = [...refused, ...applied.failures, ...pruned.flatMap(({ failure }) => failure ?? [])];

    let acted = 0;
    // A cluster that is away must not hold up what does not concern it; anything else may be what an action needs.
    if (failures.every(({ kind }) => kind === "waiting")) {
      for (const action of actions) {
        try {
          await controller.act(action, owner);
          acted++;
        } catch (error) {
          failures.push(failureOf(error, "Acting"));
          break;
        }
      }
    }
    const gone = new Set(pruned.flatMap((each) => (each.gone ? [each.entry] : [])));
    const remaining = leftover.filter((entry) => !gone.has(entry));
    for (const entry of old) if (!remaining.includes(entry)) this.#applier.forget(entry);
    const nothingLeft = plan.objects.length === 0 && plan.actions.length === 0 && remaining.length === 0;
    if (deleting && nothingLeft && !plan.retain && failures.length === 0) {
      const rest = (owner.metadata.finalizers ?? []).filter((name) => name !== finalizer);
      await this.#setFinalizers(home.client, controller.resource, owner, rest);
      return { writes: writes + 1, again: false, failures };
    }
    if (failures.length > 0 || gone.size > 0) {
      const present = judged.filter((each) => !applied.refused.includes(each));
      const kept = inventoryOf(
        present.flatMap((each) => entryFor(each, known) ?? []),
        remaining.toReversed(),
      );
      const open = [...writable.map(describe), ...(plan.hold ? [] : remaining).map(describeEntry)];
      writes += await writer.write(owner, plan.status, kept, open, failures);
    }
    const again = applied.writes > 0 || gone.size > 0 || acted > 0;
    return outcome({ writes, again, failures, restraint, now, recheckAfter: plan.recheckAfter });
  }

  /** Labels can be changed by hand; that this very object was made for the owner is in the inventory all the same. */
  #isOurs(live: KubeObject, owner: KubeObject, known: readonly InventoryEntry[]): boolean {
    const { uid } = live.metadata;
    return (
      isOwned(live, owner, this.#options) ||
      (uid !== undefined && known.some((entry) => entry.uid === uid)) ||
      (this.#options.adopt?.(live, owner) ?? false)
    );
  }

  async #setFinalizers<Owner extends KubeObject>(
    client: Client,
    resource: Resource<Owner>,
    { metadata }: Owner,
    finalizers: readonly string[],
  ): Promise<Owner> {
    const { uid, resourceVersion } = metadata;
    const { managedBy: fieldManager, clusters } = this.#options;
    const merge = { metadata: { uid, resourceVersion, finalizers } };
    const written = await client.patch(resource, keyOf({ metadata }), { merge }, { fieldManager });
    // The answer to the last finalizer's removal is an object that no longer exists.
    if (written.metadata.deletionTimestamp === undefined) {
      clusters.get(HOME)?.cache(resource)?.wrote(written, fieldManager);
    }
    return written;
  }
}
