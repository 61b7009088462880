import { afterAll, beforeAll, expect, test } from "vitest";
import { API_VERSION, failoverGroups, regions } from "../crds/resources.ts";
import type { KubeObject, Resource } from "../kube/object.ts";
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from "../kube/resources.ts";
import { until } from "../local/wait.ts";
import { type Bank, enrolPartner, openBank, removePartner } from "./support/bank.ts";
import { CLUSTERS, type ClusterName } from "./support/clusters.ts";
import { inAnyCase } from "./support/in-any-case.ts";
import { awaitAllReady } from "./support/ready.ts";
import {
  type Binding,
  grantedRights,
  isUseOf,
  type Right,
  rightText,
  type Role,
  type Use,
  useText,
} from "./support/rights.ts";
import { usesIn } from "./support/used-rights.ts";

const GROUP = "least-group";
const REGION = "least-region";

let bank: Bank;
/** By cluster: what is granted, and what was used since the cluster began. */
const seen = new Map<ClusterName, { readonly rights: readonly Right[]; readonly uses: readonly Use[] }>();

// Everything the platform ever does is to happen once: what comes is seen since `make up`, what goes is done here.
beforeAll(async () => {
  bank = await openBank();
  await comeAndGo();
  for (const cluster of CLUSTERS) {
    const granted = await grantsIn(cluster);
    const uses = await usesIn(bank.runFolder, cluster);
    seen.set(cluster, { rights: granted.rights, uses: [...uses, ...granted.bound] });
  }
}, 600_000);

afterAll(() =>
  inAnyCase(
    () => bank?.clients.hub.delete(failoverGroups, { name: GROUP }),
    () => bank?.clients.hub.delete(regions, { name: REGION }),
    () => bank?.close(),
  ),
);

/** A partner, a group with its stack, and a Region with a group of its own: made, and deleted. */
async function comeAndGo(): Promise<void> {
  const { hub } = bank.clients;
  const partner = await enrolPartner(bank, "least");
  await removePartner(bank, partner.name);
  const ke = await hub.get(regions, { name: "ke" });
  if (!ke) throw new Error("There is no Region ke.");
  const host = (which: string) => `${which}-least.ke.openbanking.test`;
  const group = {
    members: ["ke"],
    residency: { mode: "free", country: ke.spec.country },
    hosts: {
      api: host("api"),
      auth: host("auth"),
      mtlsAuth: host("mtls"),
      tls: { secretRef: { name: "default" } },
    },
  };
  await hub.create(failoverGroups, made("FailoverGroup", GROUP, group));
  await awaitAllReady(bank, 240_000);
  await gone(failoverGroups, GROUP);
  await hub.create(regions, made("Region", REGION, { ...ke.spec, demoData: false }));
  // It waits for a certificate for its hosts, and is there all the same.
  const own = () => hub.get(failoverGroups, { name: REGION });
  await until(own, { timeout: 60_000, what: "the Region's own group" });
  await gone(regions, REGION);
}

function made(kind: string, name: string, spec: object): never {
  return { apiVersion: API_VERSION, kind, metadata: { name }, spec } as never;
}

async function gone<T extends KubeObject>(resource: Resource<T>, name: string): Promise<void> {
  const { hub } = bank.clients;
  await hub.delete(resource, { name });
  const there = async () => ((await hub.get(resource, { name })) === undefined ? true : undefined);
  await until(there, { timeout: 180_000, what: `${resource.kind} ${name} to be gone` });
}

/** What bindings give to the platform's identities, and which roles the operator has bound. */
async function grantsIn(cluster: ClusterName) {
  const client = bank.clients[cluster];
  const of = async <T>(...kinds: readonly Resource<KubeObject>[]) =>
    (
      await Promise.all(
        kinds.map(async (kind) =>
          (await client.list(kind)).items.map((each) => ({ ...each, kind: kind.kind })),
        ),
      )
    ).flat() as unknown as readonly T[];
  const bindings = await of<Binding>(
    clusterRoleBindings as Resource<KubeObject>,
    roleBindings as Resource<KubeObject>,
  );
  const known = await of<Role>(clusterRoles as Resource<KubeObject>, roles as Resource<KubeObject>);
  const bound: readonly Use[] = bindings
    .filter(({ metadata }) => /stack-/.test(`${metadata.namespace ?? ""}${metadata.name}`))
    .map(({ roleRef }) => ({
      subject: "wekeza-region/wekeza-operator",
      verb: "bind",
      resource: "rbac.authorization.k8s.io/clusterroles",
      name: roleRef.name,
      allowedBy: "the binding that is there",
    }));
  return { rights: grantedRights(known, bindings), bound };
}

/** Rights that a run need not use, and why they are needed all the same. */
const UNUSED_FOR_A_REASON: readonly {
  readonly why: string;
  readonly right: (right: Right, used: ReadonlySet<string>) => boolean;
}[] = [
  {
    why: "a watch that broke for good begins with a list; until a cache is there, the server itself is asked",
    right: (right, used) =>
      (right.verb === "list" || right.verb === "get") && used.has(rightText({ ...right, verb: "watch" })),
  },
  {
    why: "a token is renewed at half its life, hours after `make up`, and patched into its Secret",
    right: ({ subject, resource, verb }) =>
      resource === "/serviceaccounts/token" ||
      (subject === "wekeza-system/wekeza-operator" && resource === "/secrets" && verb === "patch"),
  },
  {
    why: "a pod of a StatefulSet is looked for and ended when it stands in the way: left-pods.integration.test.ts",
    right: ({ resource, verb }) => resource === "/pods" && (verb === "list" || verb === "delete"),
  },
  {
    why: "an Approval is written about when there is one: operator.integration.test.ts",
    right: ({ resource, verb }) => resource === "openbanking.wekeza.io/approvals/status" && verb === "patch",
  },
  {
    why: "an Event is patched when the same happens again within minutes",
    right: ({ resource, verb }) => resource === "events.k8s.io/events" && verb === "patch",
  },
];

/** Requests that no right of ours allows: every authenticated account may ask what the API is and who it is. */
const EVERYBODYS =
  /ClusterRole "system:(discovery|basic-user|public-info-viewer|service-account-issuer-discovery)"/;

test("no request of the platform was forbidden, but where its binding was not there yet or gone already", () => {
  // A stack comes and goes while its pods run, and the authorizer learns of a binding by a watch, after the binding.
  const forbidden = [...seen].flatMap(([cluster, { uses, rights }]) =>
    uses
      .filter(({ allowedBy }) => allowedBy === undefined)
      .filter((use) => !rights.some((right) => isUseOf(use, { ...right, ...anyStack(right, use) })))
      .map((use) => `${cluster}: ${useText(use)}`),
  );
  expect(forbidden.join("\n")).toBe("");
});

test("everything that was used is granted by a role of ours", () => {
  const foreign = [...seen].flatMap(([cluster, { rights, uses }]) =>
    uses
      .filter((use) => use.allowedBy !== undefined && !EVERYBODYS.test(use.allowedBy))
      // A group that is gone took its bindings with it.
      .filter((use) => !rights.some((right) => isUseOf(use, { ...right, ...anyStack(right, use) })))
      .map((use) => `${cluster}: ${useText(use)}`),
  );
  expect(foreign.join("\n")).toBe("");
});

test("SEC-50 everything that is granted was used, or stands here with the reason why not", () => {
  const used = new Set<string>();
  const granted = new Map<string, Right>();
  for (const { rights, uses } of seen.values())
    for (const right of rights) {
      granted.set(rightText(right), right);
      if (uses.some((use) => isUseOf(use, { ...right, ...anyStack(right, use) }))) used.add(rightText(right));
    }
  const unused = [...granted].filter(([text]) => !used.has(text));
  const unexplained = unused.filter(
    ([, right]) => !UNUSED_FOR_A_REASON.some(({ right: is }) => is(right, used)),
  );
  console.log(
    `${granted.size} rights granted, ${used.size} used, ${unused.length - unexplained.length} exempt`,
  );
  expect(granted.size).toBeGreaterThan(100);
  const told = unexplained.map(([text]) => text).toSorted();
  expect(told.join("\n")).toBe("");
});

/** What is bound in one stack is bound in every stack. */
function anyStack({ namespace }: Right, use: Use): { readonly namespace?: string } {
  const both = namespace?.startsWith("stack-") && use.namespace?.startsWith("stack-");
  return both && use.namespace !== undefined ? { namespace: use.namespace } : {};
}
