import type { Stop } from "./clock.ts";
import { CacheIndex } from "./cache-index.ts";
import type { KubeObject, ObjectKey, Resource } from "./object.ts";
import { compareVersions, keyOf, keyText } from "./object.ts";
import { tellAll } from "./tell-all.ts";

/** Something in a cache is different from before. */
export interface Change<T> {
  readonly type: "added" | "updated" | "removed";
  readonly object: T;
  /** As subscribers were told of it last; absent for what is new to them. */
  readonly previous?: T | undefined;
  /** True for what a list brought: not news about the object, only to us. */
  readonly initial: boolean;
  /** The name given to {@link Cache.wrote} when this is the echo of that write and nothing else. */
  readonly writtenBy?: string | undefined;
}

/** A write of ours whose echo has not come. */
interface OwnWrite<T> {
  readonly version: string;
  readonly by: string;
  /** What subscribers were told of last: they do not hear of a write before its echo. */
  readonly before: T | undefined;
}

/** Values under which an index finds an object. */
export type IndexFunction<T> = (object: T) => readonly string[];

export interface CacheOptions<T extends KubeObject> {
  readonly resource: Resource<T>;
  /** What is kept of an object. Default {@link lean}. */
  readonly transform?: ((object: T) => T) | undefined;
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>> | undefined;
  /** True when everything of the kind is watched, so that what is not here does not exist. */
  readonly complete?: boolean | undefined;
  /** News came that is older than a write of ours, and was left out: acting on it would undo the write. */
  readonly onStale?: (() => void) | undefined;
  /** A subscriber threw; the others were told all the same. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** An object without `managedFields` and kubectl's copy of it: half the memory of many objects. */
export function lean<T extends KubeObject>(object: T): T {
  const { managedFields: _, annotations, ...metadata } = object.metadata;
  if (!annotations) return { ...object, metadata };
  const { "kubectl.kubernetes.io/last-applied-configuration": __, ...kept } = annotations;
  return { ...object, metadata: { ...metadata, annotations: kept } };
}

/**
 * The objects of one kind in one cluster, as last seen; kept up to date by a `Reflector`.
 *
 * Reads own writes: {@link wrote} puts the server's answer here, and older news is ignored until the watch has caught
 * up. Objects are shared: never change them.
 */
export class Cache<T extends KubeObject> {
  readonly resource: Resource<T>;
  readonly complete: boolean;
  readonly #options: CacheOptions<T>;
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, CacheIndex<T>>();
  readonly #own = new Map<string, OwnWrite<T>>();
  readonly #listeners = new Set<(change: Change<T>) => void>();
  readonly #synced = Promise.withResolvers<void>();
  #isSynced = false;

  constructor(options: CacheOptions<T>) {
    this.resource = options.resource;
    this.complete = options.complete ?? false;
    this.#options = options;
    for (const [name, of] of Object.entries(options.indexes ?? {}))
      this.#indexes.set(name, new CacheIndex(of));
    this.#indexes.set("uid", new CacheIndex(({ metadata }) => (metadata.uid ? [metadata.uid] : [])));
    this.#indexes.set("namespace", new CacheIndex(({ metadata }) => [metadata.namespace ?? ""]));
  }

  /** Whether the first complete picture is here. */
  get synced(): boolean {
    return this.#isSynced;
  }

  /** Resolves with the first complete picture. */
  get whenSynced(): Promise<void> {
    return this.#synced.promise;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: ObjectKey): T | undefined {
    return this.#objects.get(keyText(key));
  }

  byUid(uid: string): T | undefined {
    return this.by("uid", uid)[0];
  }

  /** All objects, or those of one namespace, in no particular order. */
  list(namespace?: string): readonly T[] {
    return namespace === undefined ? [...this.#objects.values()] : this.by("namespace", namespace);
  }

  /**
   * The objects that an index files under a value.
   *
   * @throws Error when there is no such index.
   */
  by(index: string, value: string): readonly T[] {
    const found = this.#indexes.get(index);
    if (!found) throw new Error(`The cache of ${this.resource.kind} has no index "${index}".`);
    return [...found.keys(value)].flatMap((key) => this.#objects.get(key) ?? []);
  }

  /** Files the objects under one more index, from now on; nothing happens when there is one of that name. */
  index(name: string, of: IndexFunction<T>): void {
    if (this.#indexes.has(name)) return;
    const index = new CacheIndex(of);
    for (const [key, object] of this.#objects) index.move(key, undefined, object);
    this.#indexes.set(name, index);
  }

  /** Calls `listener` at every change, after the cache has it. What is here already is not told. */
  subscribe(listener: (change: Change<T>) => void): Stop {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes in the server's answer to a write of ours, so that the next read sees it. `by` names the writer. */
  wrote(answer: T, by: string): void {
    const object = this.keep(answer);
    const key = keyText(keyOf(object));
    const version = object.metadata.resourceVersion ?? "";
    const known = this.#objects.get(key);
    if (compareVersions(known?.metadata.resourceVersion, version) >= 0) return;
    const earlier = this.#own.get(key);
    this.#put(key, object);
    this.#own.set(key, { version, by, before: earlier ? earlier.before : known });
  }

  /** What is kept of an object: a picture that is being gathered need not hold more of it. */
  keep(object: T): T {
    return (this.#options.transform ?? lean)(object);
  }

  /** Takes in a watch event. */
  seen(raw: T): void {
    this.#see(this.keep(raw), false);
  }

  #see(object: T, initial: boolean): void {
    const key = keyText(keyOf(object));
    const previous = this.#objects.get(key);
    const own = this.#own.get(key);
    const told = own ? own.before : previous;
    const type = told ? "updated" : "added";
    const order = compareVersions(object.metadata.resourceVersion, previous?.metadata.resourceVersion);
    if (previous && order <= 0) {
      if (!own) return;
      // Older than our write: somebody else's change that we wrote over without having seen it. Equal: the echo.
      if (order === 0) this.#own.delete(key);
      else {
        this.#own.set(key, { ...own, before: previous });
        this.#options.onStale?.();
      }
      const echo = order === 0 && !initial;
      const by = echo ? { writtenBy: own.by } : {};
      this.#tell({ type, object: previous, previous: told, initial, ...by });
      return;
    }
    this.#own.delete(key);
    this.#put(key, object);
    this.#tell({ type, object, previous: told, initial });
  }

  /** Takes in a DELETED event. */
  removed({ metadata }: T): void {
    const key = keyText(keyOf({ metadata }));
    const previous = this.#objects.get(key);
    const isSuccessor =
      previous?.metadata.uid !== metadata.uid &&
      compareVersions(previous?.metadata.resourceVersion, metadata.resourceVersion) > 0;
    if (!previous || isSuccessor) return;
    this.#drop(key, previous);
    this.#tell({ type: "removed", object: previous, initial: false });
  }

  /** Takes in a bookmark: whatever we wrote up to there and did not see again is not among the objects watched. */
  caughtUp(version: string): void {
    for (const [key, own] of this.#own) {
      if (compareVersions(own.version, version) > 0) continue;
      const object = this.#objects.get(key);
      if (object) this.#drop(key, object);
      if (object) this.#tell({ type: "removed", object, initial: false });
    }
  }

  /**
   * Takes in a complete list.
   *
   * @param items what {@link keep} has left of each object.
   * @param restarted the server's versions went backwards (it was restored): nothing known counts any more.
   */
  replace(items: readonly T[], version: string, restarted = false): void {
    if (restarted) this.#own.clear();
    const present = new Set<string>();
    for (const object of items) {
      const key = keyText(keyOf(object));
      present.add(key);
      if (restarted) this.#replaceOne(key, object);
      else this.#see(object, true);
    }
    for (const [key, object] of this.#objects) {
      const own = this.#own.get(key);
      if (present.has(key) || (own && compareVersions(own.version, version) > 0)) continue;
      this.#drop(key, object);
      this.#tell({ type: "removed", object, initial: true });
    }
    this.#isSynced = true;
    this.#synced.resolve();
  }

  #replaceOne(key: string, object: T): void {
    const previous = this.#objects.get(key);
    this.#put(key, object);
    this.#tell({ type: previous ? "updated" : "added", object, previous, initial: true });
  }

  #put(key: string, object: T): void {
    const previous = this.#objects.get(key);
    this.#objects.set(key, object);
    for (const index of this.#indexes.values()) index.move(key, previous, object);
  }

  #drop(key: string, object: T): void {
    this.#objects.delete(key);
    this.#own.delete(key);
    for (const index of this.#indexes.values()) index.move(key, object, undefined);
  }

  #tell(change: Change<T>): void {
    tellAll(this.#listeners, change, (error) => this.#options.onError?.(error));
  }
}
