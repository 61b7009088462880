import type { Status } from "./error.ts";
import { errorOfStatus, KubeError } from "./error.ts";
import type { KubeObject, Resource } from "./object.ts";

/** One change seen by a watch. A bookmark carries only a resource version: nothing older will come. */
export type WatchEvent<T extends KubeObject> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: T }
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string; readonly initialEventsEnd: boolean };

/** Marks the bookmark after which a WatchList has sent everything that was there. */
const INITIAL_EVENTS_END = "k8s.io/initial-events-end";

/**
 * The events in a watch response: one JSON document per line.
 *
 * @throws KubeError for an ERROR event (410 arrives this way, under HTTP 200) and for a line that is not JSON.
 */
export async function* watchStream<T extends KubeObject>(
  chunks: AsyncIterable<Buffer>,
  { apiVersion, kind }: Resource<T>,
  path: string,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  for await (const line of lines(chunks)) {
    const { type, object } = parsed(line, path);
    switch (type) {
      case "ADDED":
      case "MODIFIED":
      case "DELETED":
        // A metadata-only watch names PartialObjectMetadata as the kind.
        yield { type, object: { ...(object as T), apiVersion, kind } };
        break;
      case "BOOKMARK": {
        const { metadata } = object as KubeObject;
        yield {
          type,
          resourceVersion: metadata.resourceVersion ?? "",
          initialEventsEnd: metadata.annotations?.[INITIAL_EVENTS_END] === "true",
        };
        break;
      }
      case "ERROR": {
        const status = object as Status;
        throw errorOfStatus(`WATCH ${path}`, status.code ?? 500, status);
      }
    }
  }
}

interface RawEvent {
  readonly type: WatchEvent<KubeObject>["type"] | "ERROR";
  readonly object: unknown;
}

function parsed(line: Buffer, path: string): RawEvent {
  try {
    return JSON.parse(line.toString("utf8")) as RawEvent;
  } catch (cause) {
    throw new KubeError(`WATCH ${path}: an event is not JSON.`, { reason: "Malformed", cause });
  }
}

/** Splits on line feeds in bytes, so that a character cut in two by a packet stays whole. */
async function* lines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let parts: Buffer[] = [];
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      parts.push(chunk.subarray(from, end));
      from = end + 1;
      const line = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
      parts = [];
      if (line.length > 0) yield line;
    }
    if (from < chunk.length) parts.push(chunk.subarray(from));
  }
}
