/** Who wants to be told that keys changed. */
export class Listeners {
  readonly #all = new Set<() => void>();

  /** @returns how to stop being told. */
  add(listener: () => void): () => void {
    this.#all.add(listener);
    return () => void this.#all.delete(listener);
  }

  /** Tells every one, then throws what the first threw that did. */
  tell(): void {
    const errors: unknown[] = [];
    for (const listener of this.#all) {
      try {
        listener();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
