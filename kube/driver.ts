import type { Conflict, Step, Target } from "./apply.ts";
import { Applier } from "./apply.ts";
import type { Client } from "./client.ts";
import type { Clock } from "./clock.ts";
import { systemClock } from "./clock.ts";
import type { Clusters } from "./clusters.ts";
import type { OthersStatus } from "./driven-status.ts";
import { statusOf } from "./driven-status.ts";
import type { Failure } from "./failure.ts";
import { failureOf } from "./failure.ts";
import { entryOf, inventoryOf, placeOf, unwanted } from "./inventory.ts";
import type { KubeObject, ObjectKey, Resource } from "./object.ts";
import { keyOf, keyText } from "./object.ts";
import type { OwnershipMarks } from "./ownership.ts";
import { isOwned, marked } from "./ownership.ts";
import type { Controller, DrivenStatus, InventoryEntry, Plan, PlannedStatus } from "./plan.ts";
import { HOME } from "./plan.ts";
import type { Pruned } from "./prune.ts";
import { prune } from "./prune.ts";
import type { Outcome } from "./outcome.ts";
import { outcome } from "./outcome.ts";
import type { ResourceTable } from "./resources.ts";
import { restraintOf } from "./restraint.ts";
import { StatusWriter } from "./status-writer.ts";

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

interface Wanted {
  readonly cluster: string;
  readonly object: KubeObject;
  readonly target: Target | undefined;
}

interface Judged extends Wanted {
  readonly step: Step;
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
    let owner = await home?.get(controller.resource, key);
    const deleting = owner?.metadata.deletionTimestamp !== undefined;
    const ours = finalizer !== undefined && (owner?.metadata.finalizers?.includes(finalizer) ?? false);
    if (!home || !owner || (deleting && !ours)) return { writes: 0, again: false, failures: [] };

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
    const judged = await this.#judge(plan, owner);
    const known = statusOf(owner).inventory ?? [];
    const abandoned = new Set(plan.abandon ?? []);
    const entries = judged.flatMap((each) => entryFor(each, known) ?? []);
    const leftover = unwanted(known, entries).filter(({ cluster }) => !abandoned.has(cluster));
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
    if (!deleting && finalizer !== undefined && !ours && (todo.length > 0 || actions.length > 0)) {
      owner = await this.#setFinalizers(home.client, controller.resource, owner, [
        ...(owner.metadata.finalizers ?? []),
        finalizer,
      ]);
      writes++;
    }
    const inventory = inventoryOf(entries, leftover.toReversed());
    // A failure that is known before anything is written is said at once; otherwise the outcome tells.
    writes += await writer.write(owner, plan.status, inventory, pending, todo.length > 0 ? [] : refused);
    owner = writer.latest(owner);

    const applied = await this.#apply(todo);
    const failed = new Set(applied.failures.map(({ cluster }) => cluster));
    const pruned = await this.#prune(
      doomed.filter(({ cluster }) => !failed.has(cluster)),
      owner,
      now,
    );
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
    const nothingLeft = plan.objects.length === 0 && plan.actions.length === 0 && remaining.length === 0;
    if (deleting && nothingLeft && !plan.retain && failures.length === 0) {
      const rest = (owner.metadata.finalizers ?? []).filter((name) => name !== finalizer);
      await this.#setFinalizers(home.client, controller.resource, owner, rest);
      return { writes: writes + 1, again: false, failures };
    }
    if (failures.length > 0 || gone.size > 0) {
      const kept = inventoryOf(entries, remaining.toReversed());
      const open = [...writable.map(describe), ...(plan.hold ? [] : remaining).map(describeEntry)];
      writes += await writer.write(owner, plan.status, kept, open, failures);
    }
    const again = applied.writes > 0 || gone.size > 0 || acted > 0;
    return outcome({ writes, again, failures, restraint, now, recheckAfter: plan.recheckAfter });
  }

  async #judge<Status extends PlannedStatus, Action>(
    plan: Plan<Status, Action>,
    owner: KubeObject,
  ): Promise<readonly Judged[]> {
    return Promise.all(
      plan.objects.map(async ({ cluster: name = HOME, object: bare }): Promise<Judged> => {
        const object = marked(bare, name, owner, this.#options);
        const cluster = this.#options.clusters.get(name);
        const what = `${object.kind} ${keyText(keyOf(object))}`;
        if (!cluster) {
          const message = `${what} waits for cluster ${name}, which is not engaged.`;
          const failure: Failure = { reason: "ClusterUnavailable", message, kind: "waiting", cluster: name };
          return { cluster: name, object, target: undefined, step: { do: "refuse", failure } };
        }
        try {
          const resource = this.#options.resources.of(object);
          const target: Target = { cluster, resource, object, isOurs: (live) => this.#isOurs(live, owner) };
          const cache = cluster.cache(resource);
          const cached = cache?.synced ? cache.get(keyOf(object)) : undefined;
          const sure = cached !== undefined || (cache?.synced === true && cache.complete);
          // A filtered cache shows only what is ours, so absence there proves nothing.
          const live = sure ? cached : await cluster.client.get(resource, keyOf(object));
          return { cluster: name, object, target, step: this.#applier.stepFor(target, live) };
        } catch (error) {
          const failure = failureOf(error, `Reading ${what} in cluster ${name}`, name);
          return { cluster: name, object, target: undefined, step: { do: "refuse", failure } };
        }
      }),
    );
  }

  /** Applies in order within a cluster, clusters side by side. */
  async #apply(
    todo: readonly Judged[],
  ): Promise<{ readonly writes: number; readonly failures: readonly Failure[] }> {
    const failures: Failure[] = [];
    let writes = 0;
    const inCluster = async (steps: readonly Judged[]): Promise<void> => {
      for (const { cluster, object, target, step } of steps) {
        if (!target || (step.do !== "create" && step.do !== "update")) continue;
        try {
          await this.#applier.apply(target, step);
          writes++;
        } catch (error) {
          const what = `${object.kind} ${keyText(keyOf(object))} in cluster ${cluster}`;
          const failure = failureOf(error, `Applying ${what}`, cluster);
          failures.push(failure);
          // The rest would only wait for the same silence.
          if (failure.reason === "ClusterUnavailable") return;
        }
      }
    };
    await Promise.all(
      Map.groupBy(todo, ({ cluster }) => cluster)
        .values()
        .map(inCluster),
    );
    return { writes, failures };
  }

  async #prune(doomed: readonly InventoryEntry[], owner: KubeObject, now: Date): Promise<readonly Pruned[]> {
    const { clusters, resources } = this.#options;
    const inCluster = async (entries: readonly InventoryEntry[]): Promise<readonly Pruned[]> => {
      const pruned: Pruned[] = [];
      for (const entry of entries) {
        const isOurs = (live: KubeObject): boolean => this.#isOurs(live, owner);
        const result = await prune(entry, clusters.get(entry.cluster), resources, isOurs, now);
        pruned.push(result);
        if (result.failure?.reason === "ClusterUnavailable") break;
      }
      return pruned;
    };
    const byCluster = Map.groupBy(doomed, ({ cluster }) => cluster);
    return (await Promise.all(byCluster.values().map(inCluster))).flat();
  }

  #isOurs(live: KubeObject, owner: KubeObject): boolean {
    return isOwned(live, owner, this.#options) || (this.#options.adopt?.(live, owner) ?? false);
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

/** What is refused is not ours, or not to be seen now: it is in the inventory only if it was there before. */
function entryFor(
  { cluster, object, step }: Judged,
  known: readonly InventoryEntry[],
): InventoryEntry | undefined {
  const entry = entryOf(cluster, object, "uid" in step ? step.uid : undefined);
  return step.do === "refuse" ? known.find((each) => placeOf(each) === placeOf(entry)) : entry;
}

function describe({ cluster, object, step }: Judged): string {
  const sign = step.do === "create" ? "+" : "~";
  return `${sign}${object.kind} ${keyText(keyOf(object))}${cluster === HOME ? "" : ` in ${cluster}`}`;
}

function describeEntry(entry: InventoryEntry): string {
  return `-${entry.kind} ${keyText(entry)}${entry.cluster === HOME ? "" : ` in ${entry.cluster}`}`;
}
