import { expect, test } from "vitest";
import { Listeners } from "./listeners.ts";

test("a listener that throws keeps no other from hearing, and is heard of itself", () => {
  const listeners = new Listeners();
  let heard = 0;
  listeners.add(() => {
    throw new Error("deaf");
  });
  listeners.add(() => (heard += 1));
  expect(() => listeners.tell()).toThrow("deaf");
  expect(heard).toBe(1);
});
