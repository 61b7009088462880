import fc from "fast-check";
import { expect, test } from "vitest";

import { isExpired } from "./error.ts";
import { configMaps } from "./resources.ts";
import { watchStream } from "./watch-stream.ts";

const event = (name: string) => ({ type: "ADDED", object: { metadata: { name, resourceVersion: "1" } } });

async function* chunksOf(text: string, cuts: readonly number[]): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  for (const [index, from] of places.entries()) yield bytes.subarray(from, places[index + 1] ?? bytes.length);
}

test("events arrive whole however packets cut them, inside characters too", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string({ unit: "grapheme" })), fc.array(fc.nat()), async (names, cuts) => {
      const text = names.map((name) => `${JSON.stringify(event(name))}\n`).join("");
      const seen: string[] = [];
      for await (const each of watchStream(chunksOf(text, cuts), configMaps, "/x")) {
        if (each.type !== "BOOKMARK") seen.push(each.object.metadata.name);
      }
      expect(seen).toEqual(names);
    }),
  );
});

test("an ERROR event is thrown as what it says", async () => {
  const text = `${JSON.stringify({ type: "ERROR", object: { kind: "Status", code: 410, message: "too old" } })}\n`;
  await expect(watchStream(chunksOf(text, []), configMaps, "/x").next()).rejects.toSatisfy(isExpired);
});

test("a line that is not JSON is thrown as Malformed", async () => {
  const read = watchStream(chunksOf("{\n", []), configMaps, "/x").next();
  await expect(read).rejects.toMatchObject({ reason: "Malformed" });
});
