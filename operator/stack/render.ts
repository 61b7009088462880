import { App, Chart } from "cdk8s";
import type { Manifest } from "../../kube/object.ts";
import { dedicatedNamespace } from "../../crds/dedicated.ts";
import { accounts, gatewayAccount, operatorAccess } from "./accounts.ts";
import { audit } from "./audit.ts";
import { banking } from "./banking.ts";
import { consent } from "./consent.ts";
import { events } from "./events.ts";
import { gateway } from "./gateway.ts";
import { jobs, shareKeys } from "./jobs.ts";
import { copies, namespace } from "./namespace.ts";
import { kafka } from "./kafka.ts";
import { gatewayNetworkPolicies, networkPolicies } from "./network-policies.ts";
import { oauth } from "./oauth.ts";
import { postgres, postgresRead } from "./postgres.ts";
import { redis } from "./redis.ts";
import { entrance, services } from "./services.ts";
import type { Stack } from "./stack.ts";

/** The parts of a stack, in the order in which their objects are made: what others need comes first. */
const PARTS = [
  namespace,
  operatorAccess,
  networkPolicies,
  copies,
  accounts,
  services,
  jobs,
  postgres,
  postgresRead,
  redis,
  kafka,
  consent,
  banking,
  events,
  audit,
  oauth,
  gateway,
] as const;

type Part = (chart: Chart, stack: Stack) => void;

/** Every object of a stack, as plain JSON in the order of creation. Pure: equal stacks give equal objects. */
export function renderStack(stack: Stack): readonly Manifest[] {
  return render(PARTS, stack);
}

/**
 * Everything of one partner's own gateways, in the order of creation: a namespace beside the stack, with the gateway of
 * the stack in it and nothing else; and a Job in the stack, which brings them what they share with the group's.
 */
export function renderDedicated(stack: Stack, clientId: string): readonly Manifest[] {
  const { namespace: home } = stack;
  const beside = { clientId, stack: home };
  const own: Stack = { ...stack, namespace: dedicatedNamespace(home, clientId), beside };
  const parts: readonly Part[] = [
    namespace,
    operatorAccess,
    (chart) => gatewayNetworkPolicies(chart, own, home),
    copies,
    (chart) => gatewayAccount(chart, own, home),
    (chart) => entrance(chart, own, "api"),
    (chart) => shareKeys(chart, stack, own),
    gateway,
  ];
  return render(parts, own);
}

function render(parts: readonly Part[], stack: Stack): readonly Manifest[] {
  return parts.flatMap((part) => {
    // A chart each: cdk8s orders objects within a chart by its own rules, and the order here carries meaning.
    const chart = new Chart(new App(), "stack", { disableResourceNameHashes: true });
    part(chart, stack);
    return chart.toJson() as Manifest[];
  });
}
