import type { Judgement } from "./fraud.ts";

/** What the fraud service has said of each partner's payments lately. */
export interface FraudRecord {
  /** Counts one payment, or one run of a standing order; what nobody scored says nothing. */
  observe(judged: { readonly clientId: string } & Judgement): void;
  /** Scores above 0 by client id, in tens up to 100, over the last ten minutes. */
  scores(): Readonly<Record<string, number>>;
}

/** So many payments at least are compared with: fewer prove little, and one alone bounds nobody. */
const ENOUGH = 10;

/** A partner of whose payments half are refused or held is at the score that suspends, 90. */
const STEEPNESS = 18;

/** Parts of the ten minutes; the oldest is forgotten as a new one begins. */
const SLICES = 10;
const SLICE_MS = 60_000;

interface Counts {
  readonly scored: number;
  /** Of them, those that the service had held or refused. */
  readonly bad: number;
}
const NONE: Counts = { scored: 0, bad: 0 };

/** The score of a partner, 0 to 100 in tens: so that a report changes when something has changed. */
export function distrust({ scored, bad }: Counts): number {
  return Math.min(100, Math.floor((bad * STEEPNESS) / Math.max(scored, ENOUGH)) * 10);
}

/** Counts over ten sliding minutes. Gateways let in only clients that the roster lists, so its size is bounded. */
export function createFraudRecord(clock: () => number): FraudRecord {
  let slices: readonly { readonly number: number; readonly clients: Map<string, Counts> }[] = [];
  const current = (): Map<string, Counts> => {
    const number = Math.floor(clock() / SLICE_MS);
    slices = slices.filter((each) => each.number > number - SLICES);
    const last = slices.at(-1);
    if (last?.number === number) return last.clients;
    const clients = new Map<string, Counts>();
    slices = [...slices, { number, clients }];
    return clients;
  };
  return {
    observe({ clientId, verdict, score }) {
      if (score === undefined) return;
      add(current(), clientId, { scored: 1, bad: verdict === "hold" || verdict === "refuse" ? 1 : 0 });
    },
    scores() {
      current();
      const sums = new Map<string, Counts>();
      for (const { clients } of slices) for (const [clientId, counts] of clients) add(sums, clientId, counts);
      return Object.fromEntries(
        [...sums]
          .map(([clientId, counts]) => [clientId, distrust(counts)] as const)
          .filter(([, score]) => score > 0)
          .toSorted(([a], [b]) => (a < b ? -1 : 1)),
      );
    },
  };
}

function add(to: Map<string, Counts>, clientId: string, { scored, bad }: Counts): void {
  const before = to.get(clientId) ?? NONE;
  to.set(clientId, { scored: before.scored + scored, bad: before.bad + bad });
}
