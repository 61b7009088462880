import { expect, test } from "vitest";
import { runSteps, type Step, StepError, watched } from "./step.ts";

test("each step is reported with its time and its words", async () => {
  const said: string[] = [];
  const times = [0, 1_500, 2_000, 62_000];
  const steps: readonly Step[] = [
    { name: "programs", run: async () => undefined },
    { name: "clusters", run: async () => "3 started" },
  ];
  await runSteps(
    steps,
    (line) => said.push(line),
    () => times.shift() ?? 0,
  );
  expect(said).toEqual(["   1.5 s  programs", "  60.0 s  clusters (3 started)"]);
});

test("a step that fails is named, and what follows is not begun", async () => {
  const begun: string[] = [];
  const step = (name: string, run: () => Promise<undefined>): Step => ({
    name,
    run: () => {
      begun.push(name);
      return run();
    },
  });
  const steps = [
    step("one", async () => undefined),
    step("two", () => Promise.reject(new Error("no space left"))),
    step("three", async () => undefined),
  ];
  const failure = runSteps(
    steps,
    () => undefined,
    () => 0,
  );
  await expect(failure).rejects.toThrow(new StepError("two", new Error("no space left")));
  expect(begun).toEqual(["one", "two"]);
});

test("a person sees which step is being done, and a file only what is done", async () => {
  const written = async (isTTY: boolean): Promise<string> => {
    let text = "";
    const { say, begin } = watched({ isTTY, write: (more) => (text += more) });
    const steps = [{ name: "Kubernetes programs", run: async () => undefined }];
    const times = [0, 384_500];
    await runSteps(steps, say, () => times.shift() ?? 0, begin);
    return text;
  };
  expect(await written(true)).toBe(
    "\r\u001B[K       …  Kubernetes programs\r\u001B[K 384.5 s  Kubernetes programs\n",
  );
  expect(await written(false)).toBe(" 384.5 s  Kubernetes programs\n");
});
