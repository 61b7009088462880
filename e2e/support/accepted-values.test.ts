import { expect, test } from "vitest";
import type { KubeObject } from "../../kube/object.ts";
import { acceptedValues, type Replacement } from "./accepted-values.ts";

const leaf = (name: string, value: string | number) => ({ pointer: `/spec/${name}`, value });

/** An object whose `spec.fixed` nobody changes, and whose `spec.policy` takes known words only. */
function server() {
  let requests = 0;
  return {
    requests: () => requests,
    attempt: async (replacements: readonly Replacement[]): Promise<KubeObject> => {
      requests++;
      const spec: Record<string, unknown> = {};
      for (const {
        leaf: { pointer },
        value,
      } of replacements) {
        if (pointer === "/spec/fixed") throw new Error("field is immutable");
        if (pointer === "/spec/policy" && value !== "Never") throw new Error("unsupported value");
        spec[pointer.slice("/spec/".length)] = value;
      }
      return { apiVersion: "v1", kind: "Thing", metadata: { name: "a" }, spec } as KubeObject;
    },
  };
}

test("values that the server accepts are changed together, by one question", async () => {
  const { attempt, requests } = server();
  const accepted = await acceptedValues([leaf("a", 1), leaf("b", "x"), leaf("c", "y")], attempt);
  expect(accepted.map(({ value }) => value)).toEqual([2, "x-drift", "y-drift"]);
  expect(requests()).toBe(1);
});

test("a value of a closed list gets another word of it, and one that nobody may change is left out", async () => {
  const { attempt } = server();
  const accepted = await acceptedValues(
    [leaf("a", 1), leaf("policy", "Always"), leaf("fixed", "z")],
    attempt,
  );
  expect(new Map(accepted.map(({ leaf: { pointer }, value }) => [pointer, value]))).toEqual(
    new Map<string, unknown>([
      ["/spec/a", 2],
      ["/spec/policy", "Never"],
    ]),
  );
});
