import { expect, test } from "vitest";
import { lean } from "./cache.ts";
import { initialPicture } from "./initial-picture.ts";
import type { ConfigMap } from "./resources.ts";
import type { WatchEvent } from "./watch-stream.ts";

const map = (name: string, value = "1"): ConfigMap => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, uid: name, managedFields: [{ manager: "kubectl" }] },
  data: { value },
});

async function* told(...events: readonly WatchEvent<ConfigMap>[]): AsyncGenerator<WatchEvent<ConfigMap>> {
  for (const event of events) yield event;
}

test("the picture holds what is kept of each object, as it was last; what comes later is passed on whole", async () => {
  const later = { type: "MODIFIED", object: map("b", "3") } as const;
  const steps: unknown[] = [];
  const events = told(
    { type: "ADDED", object: map("a") },
    { type: "ADDED", object: map("b") },
    { type: "MODIFIED", object: map("b", "2") },
    { type: "DELETED", object: map("a") },
    { type: "BOOKMARK", resourceVersion: "7", initialEventsEnd: true },
    later,
  );
  for await (const step of initialPicture(events, lean)) steps.push(step);
  const picture = { items: [lean(map("b", "2"))], version: "7" };
  expect(steps).toEqual([undefined, undefined, undefined, undefined, picture, later]);
  expect(picture.items[0]?.metadata).not.toHaveProperty("managedFields");
});
