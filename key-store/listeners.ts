/** Who wants to be told that keys changed. */
export class Listeners {
  readonly #all = new Set<() => void>();

  /** @returns how to stop being told. */
  add(listener: () => void): () => void {
    this.#all.add(listener);
    return () => void this.#all.delete(listener);
  }

  /**
   * Tells every one. What a listener throws becomes a warning of the process, which its log has: whoever tells is a timer or a
   * call for a signature, and neither may fail for it.
   */
  tell(): void {
    for (const listener of this.#all) {
      try {
        listener();
      } catch (error) {
        process.emitWarning(error instanceof Error ? error : String(error));
      }
    }
  }
}
