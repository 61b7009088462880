/** Who wants to be told that keys changed. */
export class Listeners {
  readonly #all = new Set<() => void>();

  /** @returns how to stop being told. */
  add(listener: () => void): () => void {
    this.#all.add(listener);
    return () => void this.#all.delete(listener);
  }

  tell(): void {
    for (const listener of this.#all) listener();
  }
}
