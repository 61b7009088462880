import { once } from "node:events";
import { expect, test } from "vitest";
import { Listeners } from "./listeners.ts";

test("a listener that throws keeps no other from hearing and nobody from telling, and is heard of as a warning", async () => {
  const listeners = new Listeners();
  let heard = 0;
  listeners.add(() => {
    throw new Error("deaf");
  });
  listeners.add(() => (heard += 1));
  const warned = once(process, "warning");
  listeners.tell();
  expect(heard).toBe(1);
  expect(await warned).toMatchObject([{ message: "deaf" }]);
});
