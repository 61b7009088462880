import { expect, test } from "vitest";
import { newClusterId } from "./broker.ts";

test("no cluster id looks like an option of Kafka's tool", () => {
  const ids = Array.from({ length: 1_000 }, newClusterId);
  expect(ids.filter((id) => !/^[A-Za-f][\w-]{21}$/.test(id))).toEqual([]);
  expect(new Set(ids).size).toBe(ids.length);
});
