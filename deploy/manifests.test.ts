import { Value } from "typebox/value";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { KINDS } from "../crds/kinds.ts";
import { OperatorConfig } from "../operator/config.ts";
import { ROLES } from "../operator/stack/accounts.ts";
import type { Rule } from "./access.ts";
import { hubManifests } from "./hub.ts";
import type { Manifest } from "./objects.ts";
import type { SigningKeyStore } from "./key-store.ts";
import { keyStoreFrom } from "../operator/signer/key-store.ts";
import { regionManifests } from "./region.ts";

const images = {
  wekeza: "wekeza.test/wekeza:0123456789ab",
  postgres: "wekeza.test/postgres:0123456789ab",
  redis: "wekeza.test/redis:0123456789ab",
  coredns: "wekeza.test/coredns:0123456789ab",
};
const hub = hubManifests({ images, zone: "openbanking.test", automaticApproval: true });
const region = regionManifests({ images });
const inHub = regionManifests({ images, hub: true });
const yaml = (objects: readonly Manifest[]) => objects.map((each) => stringify(each)).join("---\n");
const rulesOf = ({ kind, ...object }: Manifest) =>
  kind.endsWith("Role") ? (object["rules"] as readonly Rule[]) : [];

test("what a hub gets, its CRDs apart", async () => {
  const rest = hub.filter(({ kind }) => kind !== "CustomResourceDefinition");
  await expect(yaml(rest)).toMatchFileSnapshot("golden/hub.yaml");
});

test("what a region gets", async () => {
  await expect(yaml(region)).toMatchFileSnapshot("golden/region.yaml");
});

test("a hub carries the CRD of every kind", () => {
  const crds = hub.filter(({ kind }) => kind === "CustomResourceDefinition");
  expect(crds.map(({ metadata }) => metadata.name.split(".")[0])).toEqual(KINDS.map(({ plural }) => plural));
});

test("the operator's configuration is what the operator parses", () => {
  const map = hub.find(({ metadata }) => metadata.name === "wekeza-operator-config");
  const data = (map?.["data"] ?? {}) as Record<string, string>;
  const config: unknown = Value.Default(OperatorConfig, JSON.parse(data["config.json"] ?? ""));
  expect(Value.Errors(OperatorConfig, config)).toEqual([]);
});

test("a region has every role that a stack binds, and the operator may bind exactly those", () => {
  const names = region.filter(({ kind }) => kind === "ClusterRole").map(({ metadata }) => metadata.name);
  expect(names).toEqual(expect.arrayContaining(Object.values(ROLES)));
  const bindable = region.flatMap(rulesOf).filter(({ verbs }) => verbs.includes("bind"));
  expect(bindable.flatMap(({ resourceNames }) => resourceNames ?? []).toSorted()).toEqual(
    Object.values(ROLES).toSorted(),
  );
});

test("nobody may do everything", () => {
  const wide = [...hub, ...region, ...inHub]
    .flatMap(rulesOf)
    .filter(({ verbs, resources }) => [...verbs, ...resources].some((each) => each.includes("*")));
  expect(wide).toEqual([]);
});

test("SEC-51 no ClusterRole that is bound everywhere reads Secrets", () => {
  const bound = [...hub, ...region].filter(({ kind }) => kind === "ClusterRoleBinding");
  const names = bound.map((each) => (each["roleRef"] as { name: string }).name);
  const readers = [...hub, ...region]
    .filter(({ kind, metadata }) => kind === "ClusterRole" && names.includes(metadata.name))
    .filter((role) => rulesOf(role).some(({ resources }) => resources.includes("secrets")));
  expect(readers).toEqual([]);
});

test("SEC-27 no identity may both approve and sign partners' requests", () => {
  const partner = "openbanking.wekeza.io/partner-mtls";
  const both = hub
    .filter((role) => {
      const rules = rulesOf(role).filter(({ resourceNames }) => resourceNames?.includes(partner));
      const verbs = rules.flatMap((each) => each.verbs);
      return verbs.includes("approve") && verbs.includes("sign");
    })
    .map(({ metadata }) => metadata.name);
  expect(both).toEqual([]);
});

test("in the hub's own region the operator acts as itself", () => {
  const binding = inHub.find(({ kind }) => kind === "ClusterRoleBinding");
  expect(binding?.["subjects"]).toEqual([
    { kind: "ServiceAccount", namespace: "wekeza-system", name: "wekeza-operator" },
  ]);
});

interface Rendered {
  readonly egress: readonly object[];
  readonly template: {
    readonly spec: {
      readonly volumes: readonly object[];
      readonly containers: readonly {
        readonly env: readonly { readonly name: string; readonly value: string }[];
      }[];
    };
  };
}

/** Of a CA's Secret its certificate, and nothing else. */
const CERTIFICATE = {
  name: "ca",
  secret: expect.objectContaining({ items: [{ key: "tls.crt", path: "tls.crt" }] }),
};

test.each([
  [
    "partner-signer",
    [CERTIFICATE],
    (keyStore: SigningKeyStore) => hubManifests({ images, zone: "openbanking.test", keyStore }),
  ],
  ["service-signer", [CERTIFICATE], (keyStore: SigningKeyStore) => regionManifests({ images, keyStore })],
  [
    "wekeza-operator",
    [],
    (operatorKeyStore: SigningKeyStore) =>
      hubManifests({ images, zone: "openbanking.test", operatorKeyStore }),
  ],
] as const)(
  "the %s of an installation with a key store has no key, and a way to the store",
  (name, ofSecrets, render) => {
    const address = "https://vault.bank.example:8200";
    const store = { address, mount: "transit", auth: "kubernetes", role: name, key: "key", version: 1 };
    const objects = render({ ...store, networks: ["10.40.0.0/24"] });
    const specOf = (kind: string) =>
      objects.find((each) => each.kind === kind && each.metadata.name === name)?.["spec"] as Rendered;
    const { volumes, containers } = specOf("Deployment").template.spec;
    expect(volumes.filter((each) => "secret" in each)).toEqual(ofSecrets);
    expect(stringify(volumes)).toContain("audience: openbao");
    const variables = (containers[0]?.env ?? []).map((each) => [each.name, each.value] as const);
    expect(keyStoreFrom(Object.fromEntries(variables))).toEqual(store);
    expect(specOf("NetworkPolicy").egress).toContainEqual({
      to: [{ ipBlock: { cidr: "10.40.0.0/24" } }],
      ports: [{ port: 8200, protocol: "TCP" }],
    });
    const pinned = objects.find((each) => each.metadata.name === `wekeza-pinned-${name}`)?.["spec"] as {
      readonly validations: readonly { readonly expression: string }[];
    };
    const said = JSON.stringify(Object.fromEntries(variables)["KEY_STORE"]);
    expect(pinned.validations.map(({ expression }) => expression).join("\n")).toContain(
      `(e.name != 'KEY_STORE' || e.?value.orValue('') == ${said})`,
    );
  },
);
