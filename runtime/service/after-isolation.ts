import type { RequestListener } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { Isolation } from "./isolation.ts";

/** Between two looks of a call that waits, in ms. */
const LOOK_MS = 25;
/** More than this many calls do not wait: they are told to come again. */
const MOST = 1_000;

/** A listener that lets calls wait while the process may be behind the hub; a caller that left meanwhile is forgotten. */
export function afterIsolation(isolation: Isolation, listener: RequestListener): RequestListener {
  let held = 0;
  return (request, response) => {
    if (!isolation.called()) {
      listener(request, response);
      return;
    }
    if (held >= MOST) {
      response.writeHead(503, { "retry-after": "1", "content-length": 0 }).end();
      return;
    }
    held += 1;
    const wait = async (): Promise<void> => {
      while (isolation.waiting() && !response.destroyed) await delay(LOOK_MS);
      held -= 1;
      if (!response.destroyed) listener(request, response);
    };
    void wait();
  };
}
