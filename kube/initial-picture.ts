import type { KubeObject } from "./object.ts";
import type { WatchEvent } from "./watch-stream.ts";

/** Everything there was when a WatchList began. */
export interface Picture<T> {
  readonly items: readonly T[];
  readonly version: string;
}

/** Whether a step of {@link initialPicture} is the picture. */
export function isPicture<T extends KubeObject>(
  step: Picture<T> | WatchEvent<T> | undefined,
): step is Picture<T> {
  return step !== undefined && "items" in step;
}

/**
 * Gathers the first events of a WatchList into one picture, then passes events on.
 *
 * Yields undefined for every event gathered, as a sign of life.
 *
 * @param keep what to hold of an object: thousands wait here for the last one, and half of each may be needed by nobody.
 */
export async function* initialPicture<T extends KubeObject>(
  events: AsyncIterable<WatchEvent<T>>,
  keep: (object: T) => T,
): AsyncGenerator<Picture<T> | WatchEvent<T> | undefined, void, undefined> {
  let gathered: Map<string, T> | undefined = new Map();
  for await (const event of events) {
    if (!gathered) {
      yield event;
      continue;
    }
    switch (event.type) {
      case "ADDED":
      case "MODIFIED":
        gathered.set(event.object.metadata.uid ?? "", keep(event.object));
        yield undefined;
        break;
      case "DELETED":
        gathered.delete(event.object.metadata.uid ?? "");
        yield undefined;
        break;
      case "BOOKMARK":
        if (!event.initialEventsEnd) break;
        yield { items: [...gathered.values()], version: event.resourceVersion };
        gathered = undefined;
    }
  }
}
