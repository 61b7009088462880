import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { REPOSITORY } from "../paths.ts";
import { hostsOf } from "./host-names.ts";

test("each Secret that the example groups name is for the three hosts of its group and those of its partners", () => {
  expect(hostsOf(readFileSync(join(REPOSITORY, "crds/examples/failover-groups.yaml"), "utf8"))).toEqual({
    "east-africa": [
      "api.east-africa.openbanking.test",
      "*.api.east-africa.openbanking.test",
      "auth.east-africa.openbanking.test",
      "mtls.auth.east-africa.openbanking.test",
    ],
    europe: [
      "api.europe.openbanking.test",
      "*.api.europe.openbanking.test",
      "auth.europe.openbanking.test",
      "mtls.auth.europe.openbanking.test",
    ],
  });
});
