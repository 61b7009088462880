/** The longest a client assertion may be valid, in seconds: as long as its `jti` is remembered at most. */
export const ASSERTION_SECONDS = 3_600;

/** How far a partner's clock may be ahead, in seconds. FAPI 2.0 5.3.2.1-13: 10 must pass, 60 must not. */
export const CLOCK_TOLERANCE = 15;

/** Times in a client assertion (RFC 7523), Unix time. */
export interface AssertionTimes {
  readonly exp: number;
  readonly iat?: number | undefined;
  readonly nbf?: number | undefined;
}

/**
 * What is wrong with an assertion's times, beyond what oidc-provider looks at; undefined when nothing is.
 *
 * @param now Unix time.
 */
export function timeFault({ exp, iat, nbf }: AssertionTimes, now: number): string | undefined {
  if (exp > now + ASSERTION_SECONDS + CLOCK_TOLERANCE) return `exp is more than ${ASSERTION_SECONDS} s away`;
  for (const [name, time] of [
    ["iat", iat],
    ["nbf", nbf],
  ] as const) {
    if (time === undefined) continue;
    if (typeof time !== "number") return `${name} is no number`;
    if (time > now + CLOCK_TOLERANCE) return `${name} lies in the future`;
  }
  return undefined;
}

/** The time before which an assertion was surely not made: what it says, or as long ago as its life may be. */
export function issuedAt({ exp, iat, nbf }: AssertionTimes): number {
  return iat ?? nbf ?? exp - ASSERTION_SECONDS;
}
