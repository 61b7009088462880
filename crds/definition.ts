import type { TSchema } from "typebox";
import { GROUP, VERSION, type Kind } from "./kind.ts";

/** JSON Schema as the API server wants it: structural, every keyword in the schema itself. */
export type StructuralSchema = Readonly<Record<string, unknown>>;

/** TypeBox marks what only its own types need; the API server refuses unknown vendor keywords. */
const IGNORED = new Set(["~kind", "~optional", "~readonly"]);

/**
 * A TypeBox schema as a structural schema (Kubernetes "Specifying a structural schema").
 *
 * @throws when the schema uses what a structural schema may not (`anyOf`, `oneOf`, `const`), naming the path.
 */
export function structural(schema: TSchema, path = "$"): StructuralSchema {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (IGNORED.has(key)) continue;
    if (key === "anyOf" || key === "oneOf" || key === "allOf" || key === "const")
      throw new Error(
        `${path}: ${key} is not structural; use Type.Enum with {type: "string"} or optional siblings`,
      );
    if (key === "properties")
      result[key] = Object.fromEntries(
        Object.entries(value as Record<string, TSchema>).map(([name, child]) => [
          name,
          structural(child, `${path}.${name}`),
        ]),
      );
    else if (key === "items") result[key] = structural(value as TSchema, `${path}[]`);
    // A property with a default need not be written: the server fills it in before it checks `required`.
    else if (key === "required") {
      const properties = (schema as { properties?: Record<string, { default?: unknown }> }).properties ?? {};
      const required = (value as string[]).filter((name) => properties[name]?.default === undefined);
      if (required.length > 0) result[key] = required;
    } else result[key] = value;
  }
  return result;
}

/** The CustomResourceDefinition of a kind. */
export function customResourceDefinition(kind: Kind) {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `${kind.plural}.${GROUP}`,
      labels: { "app.kubernetes.io/part-of": "wekeza" },
    },
    spec: {
      group: GROUP,
      scope: kind.scope,
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.kind.toLowerCase(),
        shortNames: [...kind.shortNames],
        categories: ["wekeza"],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: kind.columns.map(({ name, type, jsonPath, description, priority }) => ({
            name,
            type,
            jsonPath,
            description,
            ...(priority === undefined ? {} : { priority }),
          })),
          schema: {
            openAPIV3Schema: {
              type: "object",
              description: kind.description,
              required: ["spec"],
              properties: {
                apiVersion: { type: "string" },
                kind: { type: "string" },
                metadata: { type: "object" },
                spec: structural(kind.spec, `${kind.kind}.spec`),
                status: {
                  ...structural(kind.status, `${kind.kind}.status`),
                  description: "What the operator observed.",
                },
              },
              ...(kind.rules.length === 0
                ? {}
                : { "x-kubernetes-validations": kind.rules.map((rule) => ({ ...rule })) }),
            },
          },
        },
      ],
    },
  };
}
