/** How a partner's calls go, as far as the gateway can tell: what it refuses tells of trouble. */
export interface Behaviour {
  /** Counts one call. */
  observe(call: { readonly clientId: string; readonly refusal: string }): void;
  /** Scores above 0 by client id, in tens up to 100, over the last minute. */
  scores(): Readonly<Record<string, number>>;
}

/** Refusals that a careful partner never sees, and how much each tells. Limits are met by busy ones as well. */
const WEIGHTS: Readonly<Record<string, number>> = {
  TokenInQuery: 1,
  TokenInvalid: 1,
  TokenOfOtherClient: 1,
  TokenOfOtherCertificate: 1,
  ConsentOfOtherClient: 1,
  ConsentUnknown: 1,
  ScopeMissing: 0.7,
  RoleMissing: 0.7,
  PermissionMissing: 0.7,
  TooManyConcurrent: 0.5,
  RateLimited: 0.5,
};

/** Fewer calls than this in a minute prove nothing. */
const ENOUGH = 20;

/** Parts of the minute; the oldest is forgotten as a new one begins. */
const SLICES = 6;
const SLICE_MS = 10_000;

interface Slice {
  readonly number: number;
  readonly clients: Map<string, { calls: number; weight: number }>;
}

/** Counts over a sliding minute. Only clients that the roster lists call with an id, so that its size is bounded. */
export function createBehaviour(clock: () => number): Behaviour {
  let slices: readonly Slice[] = [];
  const current = (): Slice => {
    const number = Math.floor(clock() / SLICE_MS);
    const last = slices.at(-1);
    if (last?.number === number) return last;
    const slice: Slice = { number, clients: new Map() };
    slices = [...slices.filter((each) => each.number > number - SLICES), slice];
    return slice;
  };
  return {
    observe({ clientId, refusal }) {
      if (clientId === "") return;
      const { clients } = current();
      const counts = clients.get(clientId) ?? { calls: 0, weight: 0 };
      counts.calls += 1;
      counts.weight += WEIGHTS[refusal] ?? 0;
      clients.set(clientId, counts);
    },
    scores() {
      current();
      const sums = new Map<string, { calls: number; weight: number }>();
      for (const { clients } of slices)
        for (const [clientId, { calls, weight }] of clients) {
          const sum = sums.get(clientId) ?? { calls: 0, weight: 0 };
          sums.set(clientId, { calls: sum.calls + calls, weight: sum.weight + weight });
        }
      return Object.fromEntries(
        [...sums]
          .map(
            ([clientId, { calls, weight }]) => [clientId, calls < ENOUGH ? 0 : tens(weight / calls)] as const,
          )
          .filter(([, score]) => score > 0)
          .toSorted(([a], [b]) => (a < b ? -1 : 1)),
      );
    },
  };
}

/** In steps of ten, so that a report changes when something has changed. */
function tens(share: number): number {
  return Math.floor(Math.min(1, share) * 10) * 10;
}
