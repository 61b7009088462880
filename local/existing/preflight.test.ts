import { expect, test } from "vitest";
import { imageObstacle } from "./preflight.ts";

const fit = {
  platform: "linux",
  architecture: "x64",
  has: () => true,
  cache: "/home/me/.cache/wekeza",
  freeSpace: 50,
};

test("a machine that fits has no obstacle, whoever works on it", () => {
  expect(imageObstacle(fit)).toBeUndefined();
});

test.each([
  { why: "macOS", machine: { platform: "darwin" }, says: "runs darwin" },
  { why: "another processor", machine: { architecture: "s390x" }, says: "s390x" },
  { why: "no apt", machine: { has: (name: string) => name !== "apt-get" }, says: "apt-get is missing" },
  { why: "a full disk", machine: { freeSpace: 3 }, says: "8 are needed" },
])("$why is said in one sentence", ({ machine, says }) => {
  expect(imageObstacle({ ...fit, ...machine })).toMatch(new RegExp(`${says}[^\n]*\\.$`));
});
