/** Where the quickstart says what it does. */
export interface Journal {
  /**
   * Does one step and prints a line with its time when it is done.
   *
   * @param said adds what came of it to the line.
   */
  step<T>(title: string, work: () => Promise<T>, said?: (value: T) => string): Promise<T>;
  /** Prints text between the steps. */
  print(text: string): void;
}

/**
 * @param clock monotonic, in ms.
 * @param write takes whole lines.
 */
export function createJournal(clock: () => number, write: (line: string) => void): Journal {
  return {
    async step(title, work, said) {
      const start = clock();
      const line = (mark: string, text: string) => write(`${mark} ${seconds(clock() - start)}  ${text}`);
      try {
        const value = await work();
        const came = said?.(value);
        line("ok", came === undefined || came === "" ? title : `${title}: ${came}`);
        return value;
      } catch (error) {
        line("--", title);
        throw error;
      }
    },
    print: write,
  };
}

/** A journal that keeps quiet, for tests. */
export const silentJournal: Journal = {
  step: (_title, work) => work(),
  print: () => undefined,
};

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2).padStart(6)} s`;
}
