import { expect, test } from "vitest";
import { runs } from "./app-layer.ts";

test.each([
  ["operator/main.ts", true],
  ["runtime/consent/sql/0001.sql", true],
  ["runtime/gateway/limit.test.ts", false],
  ["kube/client.integration.test.ts", false],
  ["kube/testing/proxy.ts", false],
  ["operator/partner/golden/new-partner.yaml", false],
  ["kube/README.md", false],
])("%s is part of the image: %s", (path, want) => {
  expect(runs(path)).toBe(want);
});
