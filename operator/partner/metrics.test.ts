import { Registry } from "prom-client";
import { expect, test } from "vitest";
import type { PartnerObject } from "../../crds/resources.ts";
import { testPartner } from "../testing/partner.ts";
import { partnerMetrics } from "./metrics.ts";

const now = new Date("2026-11-22T18:00:00Z");
const condition = { observedGeneration: 1, lastTransitionTime: now.toISOString(), reason: "X", message: "" };

function partner(notAfter: string, ...bad: readonly string[]): PartnerObject {
  const conditions = bad.map((type) => ({ ...condition, type, status: "False" as const }));
  return {
    ...testPartner(""),
    status: { conditions, certificates: [{ name: "primary", pem: "x", notAfter }] },
  };
}

test("metrics count what somebody should know of, with a bounded number of series", async () => {
  const registry = new Registry();
  const all = [
    partner("2027-02-20T18:00:00Z"),
    partner("2026-11-23T12:00:00Z", "Approved"),
    partner("2026-12-22T18:00:00Z", "Approved"),
    partner("2026-11-22T17:59:59Z", "Reviewed"),
  ];
  partnerMetrics(
    registry,
    () => all,
    () => now,
  );
  const text = await registry.metrics();
  expect(text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))).toEqual([
    "wekeza_partner_approvals_pending 2",
    "wekeza_partners_break_glass 1",
    'wekeza_partner_certificates{ends_within="1d"} 1',
    'wekeza_partner_certificates{ends_within="7d"} 0',
    'wekeza_partner_certificates{ends_within="14d"} 0',
    'wekeza_partner_certificates{ends_within="30d"} 1',
    'wekeza_partner_certificates{ends_within="later"} 1',
    'wekeza_partner_certificates{ends_within="expired"} 1',
  ]);
});
