/** A bucket as GCRA keeps it: when it would be full again, in ms of a clock that never goes back. */
export interface Bucket {
  readonly full: number;
}

/** A bucket's size and refill. */
export interface BucketLimit {
  readonly requestsPerSecond: number;
  readonly burst: number;
}

/** What came of asking for one request. */
export interface Admission {
  readonly admitted: boolean;
  readonly bucket: Bucket;
  /** When not admitted: ms until it will be. */
  readonly waitMs: number;
  /** Requests that could follow at once. */
  readonly remaining: number;
}

/** A bucket nothing was taken from. */
export const FULL: Bucket = { full: -Infinity };

/**
 * Takes one request out of a bucket (generic cell rate algorithm).
 *
 * In any span of w seconds at most `burst + requestsPerSecond × w` are admitted; whoever keeps below the rate never waits.
 */
export function admit({ full }: Bucket, { requestsPerSecond, burst }: BucketLimit, now: number): Admission {
  const each = 1000 / requestsPerSecond;
  const room = burst * each;
  const next = Math.max(full, now) + each;
  // A nanosecond of grace: without it rounding makes a bucket's last request wait for nothing.
  const over = next - now - room;
  if (over > 1e-6) return { admitted: false, bucket: { full }, waitMs: over, remaining: 0 };
  return {
    admitted: true,
    bucket: { full: next },
    waitMs: 0,
    remaining: Math.max(0, Math.floor((room - (next - now)) / each + 1e-9)),
  };
}
