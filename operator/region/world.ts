/** Whether a region's cluster answers, and as what. */
export type Reach =
  | { readonly state: "reachable"; readonly server: string; readonly version: string }
  | {
      readonly state: "unreachable" | "credentialsMissing" | "credentialsRefused";
      /** API server, as far as it is known. */
      readonly server?: string | undefined;
      /** What was tried, what came, and the next step. */
      readonly message: string;
    };

/** The operator's token for a cluster. */
export interface Token {
  /** ServiceAccount it stands for. */
  readonly account: { readonly namespace: string; readonly name: string };
  readonly issued: Date;
  readonly expires: Date;
}

/** A failover group as its regions see it. */
export interface GroupView {
  readonly name: string;
  /** True when one of its members is the region. */
  readonly member: boolean;
  /** True when its stack is in the region. */
  readonly active: boolean;
  readonly ready: boolean;
  /** True for the one that the operator made for this region. */
  readonly own: boolean;
}

/** Everything a region's plan depends on, read once. */
export interface World {
  readonly reach: Reach;
  /** Absent where the operator comes in with something that it does not renew. */
  readonly token?: Token | undefined;
  readonly groups: readonly GroupView[];
  /** Zone of the names of the region's own group. */
  readonly zone: string;
}
