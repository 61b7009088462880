import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Static, TSchema } from "typebox";
import { Value } from "typebox/value";
import { parse, stringify } from "yaml";
import { hubManifests } from "./hub.ts";
import { AuthorityKeyStore, SigningKeyStore } from "./key-store.ts";
import { regionManifests } from "./region.ts";

const USAGE = `usage: node deploy/render.ts hub|region [options]

  --registry NAME    where the images are, for example registry.example/bank (required)
  --tag TAG          their tag (required)
  --zone ZONE        zone of the platform's host names (hub; default openbanking.test)
  --automatic        partners' certificate requests of namespace \`partners\` need no person (hub)
  --key-store FILE   where the CA's key is that is in no Secret, in YAML (docs/trust.md)
  --operator-key-store FILE   where the operator's signing key is that is in no Secret (hub)
  --hub              this region's cluster is the hub (region)

Prints YAML for kubectl apply --server-side -f -
`;

/** The manifests that the command line asks for, or undefined when it cannot be understood. */
function manifests() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      registry: { type: "string" },
      tag: { type: "string" },
      zone: { type: "string", default: "openbanking.test" },
      automatic: { type: "boolean", default: false },
      hub: { type: "boolean", default: false },
      "key-store": { type: "string" },
      "operator-key-store": { type: "string" },
    },
  });
  const { registry, tag, zone, automatic, hub } = values;
  if (!registry || !tag) return undefined;
  const reference = (name: string) => `${registry}/${name}:${tag}`;
  const wekeza = reference("wekeza");
  const images = {
    wekeza,
    postgres: reference("postgres"),
    redis: reference("redis"),
    kafka: reference("kafka"),
    coredns: reference("coredns"),
  };
  const { "key-store": file, "operator-key-store": operators } = values;
  const store = file === undefined ? {} : { keyStore: keyStoreIn(AuthorityKeyStore, file) };
  const signs = operators === undefined ? {} : { operatorKeyStore: keyStoreIn(SigningKeyStore, operators) };
  if (positionals[0] === "hub")
    return hubManifests({ images, zone, automaticApproval: automatic, ...store, ...signs });
  if (positionals[0] === "region") return regionManifests({ images, hub, ...store });
  return undefined;
}

/** @throws Error that names what is wrong in the file. */
function keyStoreIn<Schema extends TSchema>(schema: Schema, file: string): Static<Schema> {
  const value = Value.Default(schema, parse(readFileSync(file, "utf8")));
  const [fault] = Value.Errors(schema, value);
  if (fault === undefined) return value as Static<Schema>;
  throw new Error(`${file} names no key store: ${fault.instancePath || "it"} ${fault.message}.`);
}

const found = manifests();
if (found) process.stdout.write(found.map((each) => stringify(each, { version: "1.1" })).join("---\n"));
else {
  process.stderr.write(USAGE);
  process.exit(2);
}
