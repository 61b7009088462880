import { placeOf } from "./inventory.ts";
import type { Difference } from "./match.ts";
import type { InventoryEntry } from "./plan.ts";

interface Spelling {
  readonly uid: string | undefined;
  readonly mark: string | undefined;
  readonly values: ReadonlyMap<string, string | undefined>;
}

/**
 * How servers spell what they were sent, where that is otherwise than it was sent: a webhook or a defaulted list may
 * change it.
 *
 * For what was sent last only: what was sent before is never wanted again without being sent.
 */
export class Spellings {
  readonly #byPlace = new Map<string, Spelling>();

  /** @param mark by which what was sent is known again. */
  learn(entry: InventoryEntry, mark: string | undefined, found: readonly Difference[]): void {
    if (found.length === 0) return this.forget(entry);
    const values = new Map(found.map(({ path, live }) => [path, live]));
    this.#byPlace.set(placeOf(entry), { uid: entry.uid, mark, values });
  }

  /** The differences that are none: this very object's server made that of what was sent. */
  within(
    entry: InventoryEntry,
    mark: string | undefined,
    found: readonly Difference[],
  ): readonly Difference[] {
    const known = this.#byPlace.get(placeOf(entry));
    if (known === undefined || known.uid !== entry.uid || known.mark !== mark) return [];
    return found.filter(({ path, live }) => known.values.has(path) && known.values.get(path) === live);
  }

  /** The object is gone, or no longer wanted. */
  forget(entry: InventoryEntry): void {
    this.#byPlace.delete(placeOf(entry));
  }
}
