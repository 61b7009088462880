import type { Account } from "./access.ts";
import type { Manifest } from "./objects.ts";

const API_VERSION = "flowcontrol.apiserver.k8s.io/v1";
const LABELS = { "app.kubernetes.io/part-of": "wekeza" } as const;

/** The priority level in which the platform's own decisions wait, and nobody else. */
export const LEVEL = "wekeza-safety";

/** What is decided one at a time; lists and watches, which are many and large, stay with everybody else's. */
const DECISIONS = ["get", "create", "update", "patch", "delete"];

/** Whose requests are meant. */
export interface Deciders {
  /** Both may be one cluster. */
  readonly place: "hub" | "region";
  readonly accounts: readonly Account[];
  /** Who keeps a leader's Lease. */
  readonly elector?: Account;
}

/**
 * A share of the API server that no other program can use up: suspending a partner must not wait behind a dashboard.
 *
 * The leader's Lease goes with those of Kubernetes' own controllers. Precedences stand before those of
 * `service-accounts` (9000) and `workload-leader-election` (200), after `exempt` and `system-leader-election` (100).
 */
export function flowControl({ place, accounts, elector }: Deciders): readonly Manifest[] {
  const level = {
    apiVersion: API_VERSION,
    kind: "PriorityLevelConfiguration",
    metadata: { name: LEVEL, labels: LABELS },
    spec: {
      type: "Limited",
      limited: {
        nominalConcurrencyShares: 30,
        // What is not used serves others, and comes back as soon as it is.
        lendablePercent: 50,
        limitResponse: { type: "Queue", queuing: { queues: 16, handSize: 4, queueLengthLimit: 50 } },
      },
    },
  };
  const decisions = flowSchema(`wekeza-decisions-${place}`, LEVEL, 1_000, accounts, {
    verbs: DECISIONS,
    apiGroups: ["*"],
    resources: ["*"],
    namespaces: ["*"],
    clusterScope: true,
  });
  const election = flowSchema(
    `wekeza-leader-election-${place}`,
    "leader-election",
    150,
    elector ? [elector] : [],
    {
      verbs: DECISIONS,
      apiGroups: ["coordination.k8s.io"],
      resources: ["leases"],
      namespaces: [elector?.namespace ?? ""],
    },
  );
  return [level, decisions, ...(elector ? [election] : [])];
}

function flowSchema(
  name: string,
  level: string,
  matchingPrecedence: number,
  accounts: readonly Account[],
  rule: object,
): Manifest {
  return {
    apiVersion: API_VERSION,
    kind: "FlowSchema",
    metadata: { name, labels: LABELS },
    spec: {
      priorityLevelConfiguration: { name: level },
      matchingPrecedence,
      distinguisherMethod: { type: "ByUser" },
      rules: [
        {
          subjects: accounts.map((serviceAccount) => ({ kind: "ServiceAccount", serviceAccount })),
          resourceRules: [rule],
        },
      ],
    },
  };
}
