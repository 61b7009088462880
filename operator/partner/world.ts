import type { DedicatedGateways } from "../../crds/dedicated.ts";
import type { EnrolmentRequest } from "../../crds/enrolment.ts";
import type { Jurisdiction } from "../../crds/jurisdiction.ts";
import type { Roster, Shard } from "../../crds/shard.ts";
import type { CertificateSigningRequest, ConfigMap } from "../../kube/resources.ts";
import type { ApprovalObject, ConsentPolicyObject } from "../../crds/resources.ts";
import type { RiskScore } from "../ports/risk-scores.ts";
import type { PaymentReport, Server } from "../signed/server.ts";

/** Everything a Partner's plan needs to know, read once. */
export interface PartnerWorld {
  readonly clientId: string;
  readonly policy: ConsentPolicyObject | undefined;
  /** Certificate requests by name. */
  readonly requests: ReadonlyMap<string, CertificateSigningRequest>;
  /** Approvals that name this Partner. */
  readonly approvals: readonly ApprovalObject[];
  /** What is feared of it; undefined while nobody knows. */
  readonly risk: RiskScore | undefined;
  /** Every group the Partner names, and those it named when status was written last. */
  readonly groups: readonly GroupWorld[];
  /** Clusters of Regions that no longer exist, out of the inventory: nothing there can be cleaned up. */
  readonly lostClusters: readonly string[];
  /** Why nothing can be signed now, for people; undefined while all is well. */
  readonly unsigned?: string | undefined;
}

/** One group's stack as it concerns one partner. */
export interface GroupWorld {
  readonly name: string;
  /** Whether it can be written to; `missing` is the FailoverGroup or its Region, `unready` the stack's namespace. */
  readonly stack: "there" | "unready" | "away" | "missing";
  /** Why it cannot be reached, for people. */
  readonly problem?: string | undefined;
  readonly region?: string | undefined;
  /** Whether its Region is a production one, where identity fields wait for an Approval. */
  readonly production?: boolean | undefined;
  /** What no policy may go beyond there; undefined where there are no customers but made-up ones. */
  readonly law?: Jurisdiction | undefined;
  /** Name of the cluster for the kit. */
  readonly cluster: string;
  readonly namespace: string;
  /** The partner's shard there, as it lies. */
  readonly configMap?: ConfigMap | undefined;
  /** The same opened, if it is ours. */
  readonly shard?: Shard | undefined;
  readonly roster?: Roster | undefined;
  /** What the partner asked its gateways for itself. */
  readonly enrolment?: EnrolmentRequest | undefined;
  /** Pods that serve. */
  readonly servers: readonly Server[];
  /** What the group's banking says of partners' payments. */
  readonly payments?: readonly PaymentReport[] | undefined;
  /** What the group says of this partner's own gateways; undefined: nothing. */
  readonly gateways?: DedicatedGateways | undefined;
  /** Their namespace, while it is there. */
  readonly own?: OwnPlace | undefined;
}

/** The namespace of a partner's own gateways beside a stack. */
export interface OwnPlace extends Pick<GroupWorld, "configMap" | "shard" | "roster" | "servers"> {
  readonly namespace: string;
}
