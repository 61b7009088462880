import fc from "fast-check";
import { Approval } from "../crds/approval.ts";
import { ConsentPolicy } from "../crds/consent-policy.ts";
import { DedicatedGateways } from "../crds/dedicated.ts";
import { Partner } from "../crds/partner.ts";
import { Region } from "../crds/region.ts";
import type { PartnerObject } from "../crds/resources.ts";
import { Roster, Shard } from "../crds/shard.ts";
import { clientIdOf, csrName } from "../operator/csr/names.ts";
import { bare, running } from "../operator/failover-group/testing/world.ts";
import type { World as GroupWorld } from "../operator/failover-group/world.ts";
import type { ConsentPolicyWorld } from "../operator/consent-policy/observe.ts";
import type { PartnerWorld } from "../operator/partner/world.ts";
import type { World as RegionWorld } from "../operator/region/world.ts";
import { arbitraryOf, resourceOf } from "./random-resource.ts";

const time = fc.date({ noInvalidDate: true, min: new Date("2020-01-01"), max: new Date("2040-01-01") });
const words = fc.string({ maxLength: 30 });

const server = fc.record({
  pod: fc.constantFrom("gateway-1", "oauth-1", ""),
  service: fc.constantFrom("gateway", "oauth", "other"),
  startedAt: time,
  resourceVersion: fc.constantFrom("", "1", "99", "100"),
  rosterVersion: fc.integer({ min: 0, max: 5 }),
  refused: fc.constantFrom(new Map(), new Map([[clientIdOf("partners", "acme"), "why not"]])),
});

const signed = (schema: object): fc.Arbitrary<unknown> => fc.option(arbitraryOf(schema), { nil: undefined });

const condition = fc.record({
  type: fc.constantFrom("Approved", "Denied", "Failed", "Other"),
  status: fc.constantFrom("True", "False", "Unknown"),
  reason: words,
  message: words,
});

/** A certificate request in any stage, with a certificate that may be none. */
const request = fc.record({
  apiVersion: fc.constant("certificates.k8s.io/v1"),
  kind: fc.constant("CertificateSigningRequest"),
  metadata: fc.record({
    name: fc.constant("request"),
    uid: fc.constant("u-9"),
    creationTimestamp: time.map((at) => at.toISOString()),
  }),
  spec: fc.record({ request: fc.base64String(), signerName: words, username: words }),
  status: fc.option(
    fc.record(
      { conditions: fc.array(condition, { maxLength: 3 }), certificate: fc.oneof(fc.base64String(), words) },
      { requiredKeys: [] },
    ),
    { nil: undefined },
  ),
});

const configMap = fc.constant({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "shard", resourceVersion: "99" },
  data: { payload: "{}" },
});
const servers = fc.array(server, { maxLength: 3 });

const group = fc.record(
  {
    stack: fc.constantFrom("there", "unready", "away", "missing"),
    problem: words,
    region: words,
    production: fc.boolean(),
    cluster: fc.constantFrom("home", "ke"),
    configMap,
    shard: signed(Shard),
    roster: signed(Roster),
    servers,
    gateways: signed(DedicatedGateways),
    own: fc.option(
      fc.record(
        { namespace: words, configMap, shard: signed(Shard), roster: signed(Roster), servers },
        { requiredKeys: ["namespace", "servers"] },
      ),
      { nil: undefined },
    ),
  },
  { requiredKeys: ["stack", "cluster", "servers"] },
);

/** A Partner and what it may find around it. */
export const partnerAndWorld: fc.Arbitrary<readonly [PartnerObject, PartnerWorld]> = fc
  .record({
    partner: resourceOf(Partner),
    policy: fc.option(resourceOf(ConsentPolicy), { nil: undefined }),
    requests: fc.array(fc.option(request, { nil: undefined }), { minLength: 4, maxLength: 4 }),
    approvals: fc.array(resourceOf(Approval), { maxLength: 2 }),
    groups: fc.array(group, { minLength: 4, maxLength: 4 }),
    lostClusters: fc.constantFrom([], ["ke"]),
  })
  .map(({ requests, groups, partner: found, ...world }) => {
    const partner = found as PartnerObject;
    const clientId = clientIdOf(partner.metadata.namespace ?? "", partner.metadata.name);
    const named = partner.spec.certificates.flatMap(({ name, csr }, index) =>
      requests[index] ? [[csrName(clientId, name, csr), requests[index]] as const] : [],
    );
    const around = {
      ...world,
      clientId,
      requests: new Map(named),
      groups: partner.spec.groups.map((name, index) => ({
        ...groups[index % groups.length],
        name,
        namespace: `stack-${name}`,
      })),
    };
    return [partner, around as unknown as PartnerWorld];
  });

/** A partner with gateways of its own; one whose namespace is not there has nothing in it. */
const tenant = fc.record({
  clientId: fc.constantFrom("ptn-0123456789abcdef", "ptn-aaaaaaaaaaaaaaaa"),
  partner: words,
  dedicated: fc.boolean(),
  observed: fc.constantFrom(new Map(), running()),
  served: fc.boolean(),
});

/** What a FailoverGroup may find: anything may be missing, anything may be spoilt. */
export const groupWorld: fc.Arbitrary<GroupWorld> = fc
  .record({
    members: fc.array(
      fc.record({
        name: fc.constantFrom("ke", "eu", "dr"),
        spec: fc.option(arbitraryOf(Region.spec), { nil: undefined }),
        leaving: fc.boolean(),
      }),
      { maxLength: 3 },
    ),
    neighbours: fc.array(
      fc.record({ name: words, created: words, hosts: fc.array(words, { maxLength: 3 }) }),
      { maxLength: 2 },
    ),
    region: fc.constantFrom(undefined, bare.region, bare.region && { ...bare.region, observed: running() }),
    tenants: fc.array(tenant, { maxLength: 1 }),
    unreachable: fc.option(words, { nil: undefined }),
    hostTls: fc.constantFrom(undefined, bare.hostTls, { certificate: "eA==", key: "" }),
    partnerCa: fc.constantFrom(undefined, bare.partnerCa),
    records: fc.array(fc.record({ host: words, address: words }), { maxLength: 3 }),
    foreignRecords: fc.boolean(),
  })
  .map(({ tenants, region, ...found }) => {
    const withTenants = region ? { ...region, tenants } : undefined;
    return { ...bare, ...found, region: withTenants } as GroupWorld;
  });

/** What a Region may find. */
export const regionWorld = fc.record({
  reach: fc.oneof(
    fc.record({ state: fc.constant("reachable"), server: words, version: words }),
    fc.record({ state: fc.constantFrom("unreachable", "credentialsRefused"), server: words, message: words }),
    fc.record({ state: fc.constant("credentialsMissing"), message: words }),
  ),
  token: fc.option(
    fc.record({ account: fc.record({ namespace: words, name: words }), issued: time, expires: time }),
    { nil: undefined },
  ),
  groups: fc.array(
    fc.record({
      name: words,
      member: fc.boolean(),
      active: fc.boolean(),
      ready: fc.boolean(),
      own: fc.boolean(),
    }),
    { maxLength: 3 },
  ),
  zone: fc.constant("openbanking.test"),
}) as unknown as fc.Arbitrary<RegionWorld>;

/** What a ConsentPolicy may find. */
export const consentPolicyWorld: fc.Arbitrary<ConsentPolicyWorld> = fc.record({
  partners: fc.nat(),
  texts: fc.array(fc.record({ hash: words, count: fc.integer({ min: 1 }) }), { maxLength: 3 }),
  unknown: fc.array(words, { maxLength: 2 }),
  known: fc.boolean(),
});
