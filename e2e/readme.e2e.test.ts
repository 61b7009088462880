import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { linesInOrder, type TourStop, tourOf } from "./support/tour.ts";

const root = join(import.meta.dirname, "..");
const stops = tourOf(readFileSync(join(root, "README.md"), "utf8"));

/** The tour in one shell, as a reader types it: later blocks use what earlier ones have set. */
const marker = "-- end of block --";
const script = stops.map(({ commands }) => `${commands}\necho '${marker}'`).join("\n");
const { stdout, status } = spawnSync("bash", ["-e", "-c", `exec 2>&1\n${script}`], {
  cwd: root,
  encoding: "utf8",
  env: process.env,
  timeout: 170_000,
});
const outputs = stdout.split(`${marker}\n`);

test("the tour of the README runs to its end", () => {
  expect({ status, end: status === 0 ? "" : stdout.slice(-2000) }).toEqual({ status: 0, end: "" });
});

test.each(stops.map((stop, index) => ({ ...stop, output: outputs[index] ?? "" })))(
  "the README shows what `$commands` answers",
  ({ shown, output }: TourStop & { readonly output: string }) => {
    expect(linesInOrder(shown, output)).toEqual([]);
  },
);
