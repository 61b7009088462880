/** Keys of objects under the values that a function finds in them. */
export class CacheIndex<T> {
  readonly #of: (object: T) => readonly string[];
  readonly #keys = new Map<string, Set<string>>();

  constructor(of: (object: T) => readonly string[]) {
    this.#of = of;
  }

  keys(value: string): Iterable<string> {
    return this.#keys.get(value) ?? [];
  }

  /** Files a key by its new object instead of its old one; undefined for none. */
  move(key: string, from: T | undefined, to: T | undefined): void {
    for (const value of from === undefined ? [] : this.#of(from)) {
      const keys = this.#keys.get(value);
      keys?.delete(key);
      if (keys?.size === 0) this.#keys.delete(value);
    }
    for (const value of to === undefined ? [] : this.#of(to)) {
      const keys = this.#keys.get(value) ?? new Set();
      keys.add(key);
      this.#keys.set(value, keys);
    }
  }
}
