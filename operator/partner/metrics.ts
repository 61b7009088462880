import { Gauge, type Registry } from "prom-client";
import type { PartnerObject } from "../../crds/resources.ts";
import { conditionOf } from "../../kube/condition.ts";
import { type Notice, noticeFor, NOTICES } from "./expiry.ts";

/** How many of an installation's Partners are in a state that somebody should know of. Bounded, however many there are. */
export interface PartnerCounts {
  /** Changes that wait for a second person. */
  readonly approvalsPending: number;
  /** One person alone has acted, and nobody has looked at it. */
  readonly breakGlass: number;
  /** Certificates in use, by the notice that is due; `later` is none yet, `expired` too late. */
  readonly certificates: Readonly<Record<`${Notice}d` | "later" | "expired", number>>;
}

/** Pure: the counts of now. */
export function partnerCounts(all: readonly PartnerObject[], now: Date): PartnerCounts {
  const says = (type: string, status: string) => (partner: PartnerObject) =>
    conditionOf(partner.status?.conditions, type)?.status === status;
  const ends = all.flatMap(
    ({ status }) => status?.certificates?.flatMap(({ pem, notAfter }) => (pem ? (notAfter ?? []) : [])) ?? [],
  );
  const certificates = { "1d": 0, "7d": 0, "14d": 0, "30d": 0, later: 0, expired: 0 };
  for (const end of ends) {
    const notice = noticeFor(end, now);
    if (notice === undefined) certificates.later += 1;
    else if (Date.parse(end) <= now.getTime()) certificates.expired += 1;
    else certificates[`${notice}d`] += 1;
  }
  return {
    approvalsPending: all.filter(says("Approved", "False")).length,
    breakGlass: all.filter(says("Reviewed", "False")).length,
    certificates,
  };
}

/**
 * Registers `wekeza_partner_approvals_pending`, `wekeza_partners_break_glass` and
 * `wekeza_partner_certificates{ends_within}`, counted at every scrape.
 */
export function partnerMetrics(
  registry: Registry,
  list: () => readonly PartnerObject[],
  now: () => Date,
): void {
  const registers = [registry];
  const simple = (name: string, help: string, of: (counts: PartnerCounts) => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(of(partnerCounts(list(), now())));
      },
    });
  };
  simple(
    "wekeza_partner_approvals_pending",
    "Partners with a change that waits for a second person.",
    ({ approvalsPending }) => approvalsPending,
  );
  simple(
    "wekeza_partners_break_glass",
    "Partners that one person alone has changed, and that nobody has reviewed.",
    ({ breakGlass }) => breakGlass,
  );
  new Gauge({
    name: "wekeza_partner_certificates",
    help: `Certificates in use, by the days within which they end (${NOTICES.join(", ")}, later, expired).`,
    labelNames: ["ends_within"],
    registers,
    collect() {
      const { certificates } = partnerCounts(list(), now());
      for (const [within, count] of Object.entries(certificates)) this.set({ ends_within: within }, count);
    },
  });
}
