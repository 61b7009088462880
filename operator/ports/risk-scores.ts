/** How much a partner is to be feared, and why. */
export interface RiskScore {
  /** 0 (none) to 100. */
  readonly score: number;
  /** For people. */
  readonly reason: string;
}

/** What the bank knows of partners, beside what their gateways see. */
export interface RiskScores {
  /** The newest score, 0 for whom nothing is said; undefined when nobody knows, or has known for too long. */
  of(clientId: string): RiskScore | undefined;
}
