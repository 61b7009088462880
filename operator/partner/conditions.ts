import type { PartnerConditionType, PartnerReason } from "../../crds/partner-status.ts";
import type { ConditionStatement } from "../../kube/condition.ts";
import type { CertificateState } from "./certificates.ts";
import type { Risk } from "./risk.ts";
import { isSuspendedIn, type Serving } from "./serving.ts";
import type { PartnerWorld } from "./world.ts";

/** A condition of a Partner, with reasons of the closed list. */
export interface PartnerCondition extends ConditionStatement {
  readonly type: PartnerConditionType;
  readonly reason: PartnerReason;
}

/** What keeps a shard from being made; the stacks go on with the last good one. */
export interface Obstacle {
  readonly reason: PartnerReason;
  readonly message: string;
  /** Nothing but a change of the Partner helps. */
  readonly stalled: boolean;
}

/** How far the certificates are from their end. */
export interface Currency {
  readonly current: boolean;
  readonly reason: PartnerReason;
  readonly message: string;
}

/** What the conditions are made from. */
export interface Findings {
  readonly suspended: boolean;
  /** How far gateways of its own are: nothing where there are none and none are wanted. */
  readonly dedicated: readonly PartnerCondition[];
  /** How risk bounds the limit; undefined where it does not. */
  readonly risk: Risk | undefined;
  readonly limit: string;
  readonly obstacle: Obstacle | undefined;
  readonly certificates: readonly CertificateState[];
  readonly servings: readonly Serving[];
  /** What is to be said about approvals: nothing where no group is a production one. */
  readonly identity: readonly PartnerCondition[];
  /** Whether a certificate is to be renewed soon; undefined while there is none. */
  readonly currency: Currency | undefined;
}

/** A condition with its reason and message. */
export const statement = (
  type: PartnerConditionType,
  status: ConditionStatement["status"],
  { reason, message }: { readonly reason: PartnerReason; readonly message: string },
): PartnerCondition => ({ type, status, reason, message });

/** All conditions of a Partner that lives: the subjects, then Ready as their sum. */
export function partnerConditions(findings: Findings, world: PartnerWorld): readonly PartnerCondition[] {
  const issued = certificateIssued(findings.certificates);
  const served = servedEverywhere(findings);
  const applied = limitsApplied(findings, served);
  const suspended = findings.suspended ? [suspension(world, findings.risk)] : [];
  const { obstacle } = findings;
  const stalling = obstacle?.stalled ? obstacle : findings.certificates.find(({ stalled }) => stalled);
  const unapproved = findings.identity.find(({ type, status }) => type === "Approved" && status !== "True");
  const open = obstacle ?? [unapproved, issued, served].find((each) => each && each.status !== "True");
  const ready = readiness(findings, suspended[0], open);
  const stalled = stalling ? [statement("Stalled", "True", stalling)] : [];
  const waits = ready.status !== "True" && ready.reason !== "Suspended" && !stalling;
  const reconciling = waits ? [statement("Reconciling", "True", ready)] : [];
  const { currency } = findings;
  const current = currency
    ? [statement("CertificateCurrent", currency.current ? "True" : "False", currency)]
    : [];
  return [
    ready,
    ...stalled,
    ...reconciling,
    ...findings.identity,
    issued,
    ...current,
    applied,
    ...riskCondition(findings.risk),
    ...findings.dedicated,
    served,
    ...suspended,
  ];
}

/** The only condition of a Partner that is going. */
export function leavingConditions(message: string): readonly PartnerCondition[] {
  const leaving = { reason: "Deleting", message } as const;
  return [statement("Ready", "False", leaving), statement("Reconciling", "True", leaving)];
}

function readiness(
  { limit, servings }: Findings,
  suspended: PartnerCondition | undefined,
  open: { readonly reason: string; readonly message: string } | undefined,
): PartnerCondition {
  if (suspended) return { ...suspended, type: "Ready", status: "False", reason: "Suspended" };
  if (open)
    return { type: "Ready", status: "False", reason: open.reason as PartnerReason, message: open.message };
  const groups = servings.map(({ status }) => status.name).join(", ");
  return statement("Ready", "True", { reason: "Live", message: `Served in ${groups} at ${limit}.` });
}

function certificateIssued(states: readonly CertificateState[]): PartnerCondition {
  const rank = (state: CertificateState): number => (state.stalled ? 0 : state.reason === "Issued" ? 2 : 1);
  const worst = states.toSorted((a, b) => rank(a) - rank(b))[0];
  if (worst && worst.reason !== "Issued") return statement("CertificateIssued", "False", worst);
  const message = states.map((state) => state.message).join(" ");
  return statement("CertificateIssued", "True", { reason: "Issued", message });
}

function servedEverywhere({ obstacle, servings }: Findings): PartnerCondition {
  if (obstacle) return statement("Served", "False", obstacle);
  const open = servings.find(({ reason }) => reason !== undefined);
  if (open?.reason !== undefined) {
    return statement("Served", "False", { reason: open.reason, message: open.status.message ?? open.reason });
  }
  const message = "Every gateway and authorization server serves the newest settings.";
  return statement("Served", "True", { reason: "Live", message });
}

/** Limits travel in the shard, so they apply where it is served. */
function limitsApplied({ limit, servings }: Findings, served: PartnerCondition): PartnerCondition {
  const applied = servings.filter(({ reason }) => reason === undefined).length;
  const message = `${limit} applies in ${applied} of ${servings.length} groups.`;
  return served.status === "True"
    ? statement("LimitsApplied", "True", { reason: "Applied", message })
    : statement("LimitsApplied", "False", { reason: served.reason, message });
}

/** How risk bounds the limit, and what gives it back. */
function riskCondition(risk: Risk | undefined): readonly PartnerCondition[] {
  if (!risk) return [];
  const { score, share, suspended, reason: why, since } = risk;
  if (share === 100 && !suspended) {
    const message = "Its whole limit applies.";
    return [statement("RiskNormal", "True", { reason: "RiskNormal", message })];
  }
  const bounds = suspended ? "every request is refused" : `${share} % of its limit applies`;
  const back =
    "It comes back by itself, a tenth for every 10 calm minutes; spec.risk.mode: off ends it at once.";
  const message = `Since ${since} ${bounds}, for a risk score of ${score}. ${why} ${back}`.replace("  ", " ");
  return [statement("RiskNormal", "False", { reason: suspended ? "RiskHigh" : "RiskElevated", message })];
}

function suspension({ groups, clientId, unsigned }: PartnerWorld, risk: Risk | undefined): PartnerCondition {
  const open = groups.filter((group) => group.stack !== "missing" && !isSuspendedIn(group, clientId));
  if (open.length === 0) {
    const message = risk?.suspended
      ? `Every request of this partner is refused for its risk score of ${risk.score}; set suspended: false and risk.mode: off to serve it again.`
      : "Every request of this partner is refused; set suspended: false to serve it again.";
    return statement("Suspended", "True", { reason: "Suspended", message });
  }
  const names = open.map(({ name }) => name).join(", ");
  const away = open.find(({ stack }) => stack === "away");
  const why = unsigned ?? away?.problem ?? "";
  const message = `The suspension has not been confirmed by all of ${names}. ${why}`.trim();
  const reason = unsigned !== undefined ? "KeyStoreAway" : away ? "RegionUnreachable" : "AwaitingGateways";
  return statement("Suspended", "False", { reason, message });
}
