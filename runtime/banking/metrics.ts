import { Counter, Gauge, type Registry } from "prom-client";
import type { Source } from "../service/replica/replica-reads.ts";
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

/**
 * Registers `wekeza_banking_reads_total` (source: replica, primary; reason: near, or why it was not the replica: away, behind,
 * asked-again, own-connections).
 *
 * @returns counts one read.
 */
export function readsCounter(registry: Registry): (source: Source) => void {
  const reads = new Counter({
    name: "wekeza_banking_reads_total",
    help: "Reads of account information by who answered, and why the replica did not.",
    labelNames: ["source", "reason"],
    registers: [registry],
  });
  return (source) => {
    if (source === "replica") reads.inc({ source, reason: "near" });
    else reads.inc({ source: "primary", reason: source });
  };
}

/** Registers `wekeza_banking_replica_behind_seconds`: how old what a replica answers is at most, +Inf when nobody knows. */
export function replicaGauge(registry: Registry, lagMs: () => number | undefined): void {
  new Gauge({
    name: "wekeza_banking_replica_behind_seconds",
    help: "How old what a replica answers is at most; +Inf when nobody knows.",
    registers: [registry],
    collect() {
      this.set((lagMs() ?? Infinity) / 1_000);
    },
  });
}
