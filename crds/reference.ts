import type { TSchema } from "typebox";
import { GROUP, VERSION, type Kind } from "./kind.ts";

interface Property extends TSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly properties?: Record<string, Property>;
  readonly items?: Property;
  readonly required?: readonly string[];
  readonly "x-kubernetes-validations"?: readonly { readonly message: string }[];
}

const bounds: readonly (readonly [string, string])[] = [
  ["minimum", "≥"],
  ["exclusiveMinimum", ">"],
  ["maximum", "≤"],
  ["minLength", "length ≥"],
  ["maxLength", "length ≤"],
  ["minItems", "items ≥"],
  ["maxItems", "items ≤"],
  ["pattern", "matches"],
];

function limits(property: Property): string {
  const known = property as unknown as Record<string, string | number | undefined>;
  const found = bounds.flatMap(([key, sign]) => (known[key] === undefined ? [] : [`${sign} ${known[key]}`]));
  if (property.enum) found.unshift(`one of ${property.enum.join(", ")}`);
  return found.map((text) => `\`${text.replaceAll("|", "\\|")}\``).join(" ");
}

function rows(property: Property, path: string): readonly string[] {
  return Object.entries(property.properties ?? {}).flatMap(([name, child]) => {
    const here = `${path}.${name}`;
    const required = property.required?.includes(name) && child.default === undefined ? "yes" : "";
    const fallback = child.default === undefined ? "" : `\`${JSON.stringify(child.default)}\``;
    const type = child.type === "array" ? `[]${child.items?.type ?? ""}` : (child.type ?? "");
    const shown = child.type === "array" && child.items?.enum ? limits(child.items) : limits(child);
    const row = `| \`${here}\` | ${type} | ${required} | ${fallback} | ${shown} | ${child.description ?? ""} |`;
    const nested = child.type === "array" && child.items ? rows(child.items, `${here}[]`) : rows(child, here);
    return [row, ...nested];
  });
}

function messages(property: Property): readonly string[] {
  const own = (property["x-kubernetes-validations"] ?? []).map(({ message }) => message);
  const children = Object.values(property.properties ?? {}).flatMap(messages);
  return [...own, ...children, ...(property.items ? messages(property.items) : [])];
}

/** The reference page of a kind, in Markdown. */
export function referencePage(kind: Kind): string {
  const refusals = [
    ...kind.rules.map(({ message }) => message),
    ...messages(kind.spec as unknown as Property),
  ];
  const header = "| field | type | required | default | limits | meaning |\n|---|---|---|---|---|---|";
  return [
    `# ${kind.kind}`,
    `<!-- Generated from crds/ by \`npm run generate\`; edit the schema, not this page. -->`,
    kind.description,
    `\`${GROUP}/${VERSION}\`, ${kind.scope === "Cluster" ? "cluster-scoped" : "namespaced"}; short name ${kind.shortNames.map((name) => `\`${name}\``).join(", ")}; category \`wekeza\`.`,
    `## Spec\n\n${[header, ...rows(kind.spec as unknown as Property, "spec")].join("\n")}`,
    `## Status\n\n${[header, ...rows(kind.status as unknown as Property, "status")].join("\n")}`,
    `## Columns\n\n| column | from | meaning |\n|---|---|---|\n${kind.columns.map(({ name, jsonPath, description, priority }) => `| ${name.toUpperCase()}${priority ? " (`-o wide`)" : ""} | \`${jsonPath}\` | ${description} |`).join("\n")}`,
    `## What is refused\n\n${refusals.length === 0 ? "What the limits above refuse." : refusals.map((message) => `- ${message}`).join("\n")}`,
    "",
  ].join("\n\n");
}
