import { Counter, Gauge, type Registry } from "prom-client";
import type { Batch } from "./sequencer.ts";

/** What the sequencer tells of itself. */
export interface AuditMetrics {
  batch(batch: Batch): void;
}

export function auditMetrics(registers: readonly Registry[]): AuditMetrics {
  const common = { registers: [...registers] };
  const leaves = new Counter({
    name: "wekeza_audit_leaves_total",
    help: "Leaves put into the log by this process.",
    ...common,
  });
  const size = new Gauge({
    name: "wekeza_audit_tree_size",
    help: "Leaves of the log at its last checkpoint.",
    ...common,
  });
  const signed = new Gauge({
    name: "wekeza_audit_checkpoint_timestamp_seconds",
    help: "When the last checkpoint was signed.",
    ...common,
  });
  return {
    batch(batch) {
      if (batch === "another sequencer is at work") return;
      leaves.inc(batch.added);
      size.set(batch.head.frontier.size);
      signed.set(batch.head.at.getTime() / 1_000);
    },
  };
}
