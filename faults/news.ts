import type { Verdict } from "./verdict.ts";

/** How many plans there are of one fault in one scenario. */
export interface Enumerated {
  readonly scenario: string;
  readonly fault: string;
  readonly plans: number;
}

/** What a harness tells whoever started it. */
export type News =
  /** It has learned its lives and drawn its part of the sample. */
  | {
      readonly news: "chosen";
      readonly lives: number;
      readonly seconds: number;
      readonly plans: number;
      readonly enumerated: readonly Enumerated[];
    }
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
    case "chosen":
      return {
        ...before,
        lives: before.lives + told.lives,
        plans: before.plans + told.plans,
        enumerated: [...before.enumerated, ...told.enumerated],
      };
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
