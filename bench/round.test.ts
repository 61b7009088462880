import { expect, test } from "vitest";
import type { Answer, Prober } from "./prober.ts";
import { measure } from "./round.ts";

/** A prober that says what the test has it say. */
function prober(pod: string): Prober & { says(answer: Answer, at: number): void } {
  let listener: ((answer: Answer, at: number) => void) | undefined;
  return {
    target: { group: "europe", pod, address: "", host: "", connection: "new" },
    onAnswer: (next) => (listener = next),
    lastError: () => new Error("refused the connection"),
    stop: async () => undefined,
    says: (answer, at) => listener?.(answer, at),
  };
}

test("the time runs to the first answer of the new kind, and later ones of the old kind are counted", async () => {
  const [fast, slow] = [prober("fast"), prober("slow")];
  const start = performance.now();
  const measured = await measure([fast, slow], "refused", async () => {
    fast.says("served", start + 50);
    fast.says("refused", start + 100);
    fast.says("served", start + 150);
    slow.says("refused", start + 900);
  });
  const [first, second] = measured;
  expect(measured.map(({ prober: { target }, relapses }) => [target.pod, relapses])).toEqual([
    ["fast", 1],
    ["slow", 0],
  ]);
  expect((second?.after ?? 0) - (first?.after ?? 0)).toBeCloseTo(800);
});

test("a pod that never shows the change is named, with what went wrong there", async () => {
  const measuring = measure([prober("deaf")], "refused", async () => undefined, 1);
  await expect(measuring).rejects.toThrow(
    "not refused within 0.001 s: europe deaf over new connections (last: refused the connection)",
  );
});
