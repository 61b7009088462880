import type { Verdict } from "./verdict.ts";

/** How many plans there are of one fault in one scenario. */
export interface Enumerated {
  readonly scenario: string;
  readonly fault: string;
  readonly plans: number;
}

/** What one harness could play. */
export interface Repertoire {
  readonly lives: number;
  readonly seconds: number;
  /** Plans with processes of their own, and all others, of those that were asked for by name. */
  readonly processes: number;
  readonly others: number;
  readonly enumerated: readonly Enumerated[];
}

/** How many of its plans a harness is to draw. */
export interface Quota {
  readonly plans: number;
  /** How many of those with processes of their own. */
  readonly processes: number;
}

/** What a harness tells whoever started it. */
export type News =
  /** It has learned its lives, and waits to be told how many plans to draw of those that there are. */
  | ({ readonly news: "learned" } & Repertoire)
  /** It has drawn its part of the sample. */
  | { readonly news: "chosen"; readonly plans: number }
  | { readonly news: "played"; readonly verdict: Verdict }
  /** All is played that was begun in time; CPU time in s. */
  | ({ readonly news: "spent" } & Spent);

/** CPU time, in s. */
export interface Spent {
  readonly harness: number;
  /** Programs that were started as processes. */
  readonly processes: number;
  /** etcd and kube-apiserver, their start included. */
  readonly servers: number;
}

/** Everything that several harnesses have told, put together. */
export interface Tidings {
  readonly lives: number;
  /** How many plans were to be played. */
  readonly plans: number;
  readonly enumerated: readonly Enumerated[];
  readonly verdicts: readonly Verdict[];
  readonly spent: Spent;
  /** Harnesses that ended before they had told everything, for people. */
  readonly lost: readonly string[];
}

/** Nothing was told yet. */
export const SILENCE: Tidings = {
  lives: 0,
  plans: 0,
  enumerated: [],
  verdicts: [],
  spent: { harness: 0, processes: 0, servers: 0 },
  lost: [],
};

/** What is known with one piece of news more. */
export function heard(before: Tidings, told: News): Tidings {
  switch (told.news) {
    case "learned":
      return {
        ...before,
        lives: before.lives + told.lives,
        enumerated: [...before.enumerated, ...told.enumerated],
      };
    case "chosen":
      return { ...before, plans: before.plans + told.plans };
    case "played":
      return { ...before, verdicts: [...before.verdicts, told.verdict] };
    case "spent": {
      const { spent } = before;
      return {
        ...before,
        spent: {
          harness: spent.harness + told.harness,
          processes: spent.processes + told.processes,
          servers: spent.servers + told.servers,
        },
      };
    }
  }
}
