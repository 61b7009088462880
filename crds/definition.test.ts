import { Type } from "typebox";
import { expect, test } from "vitest";
import { customResourceDefinition, structural } from "./definition.ts";
import { KINDS } from "./kinds.ts";

test("a property with a default is not required of the user", () => {
  const schema = Type.Object({ tier: Type.String({ default: "shared" }), name: Type.String() });
  expect(structural(schema)).toEqual({
    type: "object",
    required: ["name"],
    properties: { tier: { type: "string", default: "shared" }, name: { type: "string" } },
  });
});

test("a union is refused with its path, because the API server would refuse it without one", () => {
  const schema = Type.Object({ list: Type.Array(Type.Union([Type.Literal("a"), Type.Literal("b")])) });
  expect(() => structural(schema, "Thing.spec")).toThrow(/Thing\.spec\.list\[\]: anyOf is not structural/);
});

test.each(KINDS.map((kind) => ({ kind: kind.kind, definition: customResourceDefinition(kind) })))(
  "$kind has a status subresource, the category wekeza and a column that says Ready",
  ({ definition }) => {
    const [version] = definition.spec.versions;
    expect(version?.subresources).toEqual({ status: {} });
    expect(definition.spec.names.categories).toEqual(["wekeza"]);
    expect(version?.additionalPrinterColumns.map(({ name }) => name)).toContain("Ready");
  },
);

test("SEC-08 SEC-12 every string and list a user writes is bounded, so that CEL cost and etcd size are", () => {
  const unbounded: string[] = [];
  const walk = (schema: Record<string, unknown>, path: string) => {
    if (
      schema["type"] === "string" &&
      !["maxLength", "enum", "pattern", "format"].some((key) => key in schema)
    )
      unbounded.push(path);
    if (schema["type"] === "array" && !("maxItems" in schema)) unbounded.push(path);
    for (const [name, child] of Object.entries((schema["properties"] ?? {}) as Record<string, never>))
      walk(child, `${path}.${name}`);
    if (schema["items"]) walk(schema["items"] as Record<string, unknown>, `${path}[]`);
  };
  for (const kind of KINDS) walk(kind.spec as unknown as Record<string, unknown>, `${kind.kind}.spec`);
  expect(unbounded).toEqual([]);
});
