import { Value } from "typebox/value";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { KINDS } from "../../crds/kinds.ts";
import { exampleResources } from "./examples.ts";

test("the resources of a one-cluster installation", async () => {
  const resources = await exampleResources("KE");
  const yaml = resources.map((each) => stringify(each)).join("---\n");
  await expect(yaml).toMatchFileSnapshot("golden/examples.yaml");
});

test.each(["KE", "GB", "DE"])("in %s they are as their kinds want them", async (country) => {
  for (const resource of await exampleResources(country)) {
    const kind = KINDS.find((each) => each.kind === resource.kind);
    if (kind === undefined) throw new Error(`no kind ${resource.kind}`);
    const spec: unknown = Value.Default(kind.spec, structuredClone(resource["spec"]));
    expect([...Value.Errors(kind.spec, spec)]).toEqual([]);
  }
});
