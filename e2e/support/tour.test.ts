import { expect, test } from "vitest";
import { linesInOrder, tourOf } from "./tour.ts";

const readme = [
  "# X",
  "## Five minutes",
  "```sh",
  "a",
  "```",
  "then",
  "```text",
  "1",
  "```",
  "```sh",
  "b",
  "```",
  "## Next",
  "```sh",
  "c",
  "```",
].join("\n");

test("the tour is the blocks of its section, each with the output shown under it", () => {
  expect(tourOf(readme)).toEqual([
    { commands: "a", shown: "1\n" },
    { commands: "b", shown: "" },
  ]);
});

test("ages, times and column widths may differ", () => {
  expect(
    linesInOrder(
      "acme   True   2027-01-01T00:00:00Z   15m\nok 1.20 s done",
      "acme True 2028-02-02T11:11:11.5Z 3h2m\nmore\nok 0.01 s done",
    ),
  ).toEqual([]);
});

test("a line that is not printed is named", () => {
  expect(linesInOrder("acme True 15m", "acme False 15m")).toEqual(["acme True <age>"]);
});

test("a line that is printed too early does not count", () => {
  expect(linesInOrder("one\ntwo", "two\none")).toEqual(["two"]);
});
