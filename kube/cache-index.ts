/**
 * Keys of objects under the values that a function finds in them.
 *
 * Most values belong to one object, such as its UID: a set is made for the second key only.
 */
export class CacheIndex<T> {
  readonly #of: (object: T) => readonly string[];
  readonly #keys = new Map<string, string | Set<string>>();

  constructor(of: (object: T) => readonly string[]) {
    this.#of = of;
  }

  keys(value: string): Iterable<string> {
    const keys = this.#keys.get(value);
    return typeof keys === "string" ? [keys] : (keys ?? []);
  }

  /** Files a key by its new object instead of its old one; undefined for none. */
  move(key: string, from: T | undefined, to: T | undefined): void {
    const before = from === undefined ? [] : this.#of(from);
    const after = to === undefined ? [] : this.#of(to);
    for (const value of before) if (!after.includes(value)) this.#remove(value, key);
    for (const value of after) if (!before.includes(value)) this.#add(value, key);
  }

  #add(value: string, key: string): void {
    const keys = this.#keys.get(value);
    if (keys === undefined) this.#keys.set(value, key);
    else if (typeof keys !== "string") keys.add(key);
    else if (keys !== key) this.#keys.set(value, new Set([keys, key]));
  }

  #remove(value: string, key: string): void {
    const keys = this.#keys.get(value);
    if (keys === key) this.#keys.delete(value);
    if (keys === undefined || typeof keys === "string") return;
    keys.delete(key);
    if (keys.size === 0) this.#keys.delete(value);
  }
}
