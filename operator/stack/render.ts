import { App, Chart } from "cdk8s";
import type { Manifest } from "../../kube/object.ts";
import { accounts, operatorAccess } from "./accounts.ts";
import { audit } from "./audit.ts";
import { banking } from "./banking.ts";
import { consent } from "./consent.ts";
import { events } from "./events.ts";
import { gateway } from "./gateway.ts";
import { jobs } from "./jobs.ts";
import { copies, namespace } from "./namespace.ts";
import { kafka } from "./kafka.ts";
import { networkPolicies } from "./network-policies.ts";
import { oauth } from "./oauth.ts";
import { postgres } from "./postgres.ts";
import { redis } from "./redis.ts";
import { services } from "./services.ts";
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
  redis,
  kafka,
  consent,
  banking,
  events,
  audit,
  oauth,
  gateway,
] as const;

/** Every object of a stack, as plain JSON in the order of creation. Pure: equal stacks give equal objects. */
export function renderStack(stack: Stack): readonly Manifest[] {
  return PARTS.flatMap((part) => {
    // A chart each: cdk8s orders objects within a chart by its own rules, and the order here carries meaning.
    const chart = new Chart(new App(), "stack", { disableResourceNameHashes: true });
    part(chart, stack);
    return chart.toJson() as Manifest[];
  });
}
