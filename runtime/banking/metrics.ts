import { Counter, type Registry } from "prom-client";
import type { DispatchOptions } from "./payments/dispatch.ts";

/**
 * Registers `wekeza_banking_contradictions_total` (by: core, scheme): answers about money that cannot be true beside what the same
 * system said before. Each is an error in the log, with the transfer and both states.
 */
export function bankingMetrics(registry: Registry): Pick<DispatchOptions, "onContradiction"> {
  const contradictions = new Counter({
    name: "wekeza_banking_contradictions_total",
    help: "Answers about money that contradict what was said of it before.",
    labelNames: ["by"],
    registers: [registry],
  });
  return { onContradiction: (by) => contradictions.inc({ by }) };
}
