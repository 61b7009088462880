import { table } from "../../cli/quickstart/table.ts";
import type { Convergence, Program } from "./convergence.ts";
import type { Handover, Moments } from "./moments.ts";

/** What everybody needed for the same work, measured one after the other. */
export interface Round {
  readonly loop: Convergence;
  readonly own: Convergence;
  readonly kit: Convergence;
  readonly go: Convergence;
}

/** What was seen with all Partners in place. */
export interface Seen {
  readonly count: number;
  readonly moments: Moments;
  readonly handover: Handover;
}

/** The middle value; of two, the lower one. */
export function median(values: readonly number[]): number {
  const middle = values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
  if (middle === undefined) throw new RangeError("There is no median of nothing.");
  return middle;
}

const rate = ({ writes, seconds }: Convergence): number => writes / seconds;

/** Write rate as a share of the bare loop's that sends the same writes: the median of the rounds' own shares. */
export function shareOfLoop(rounds: readonly Round[], who: keyof Round): number {
  return median(rounds.map((round) => rate(round[who]) / rate(round.own)));
}

/** A kit's time as a share of controller-runtime's: the median of the rounds' own shares. */
export function shareOfTime(rounds: readonly Round[]): number {
  return median(rounds.map(({ kit, go }) => kit.seconds / go.seconds));
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** The table of convergence: medians of the rounds. */
export function convergenceRows(
  rounds: ReadonlyMap<number, readonly Round[]>,
  programs: Readonly<Record<keyof Round, Program>>,
): string {
  const rows = [...rounds].flatMap(([size, measured]) =>
    (Object.keys(programs) as (keyof Round)[]).map((who) => {
      const of = (value: (result: Convergence) => number): number =>
        median(measured.map((round) => value(round[who])));
      const second = measured[0]?.[who].secondPass;
      return [
        String(size),
        programs[who].name,
        of(({ seconds }) => seconds).toFixed(1),
        String(of(({ writes }) => writes)),
        of(rate).toFixed(0),
        percent(shareOfLoop(measured, who)),
        String(of(({ reads }) => reads)),
        second === undefined ? "" : String(of(({ secondPass = 0 }) => secondPass)),
        of(({ cpu }) => cpu).toFixed(1),
        of(({ peak }) => peak).toFixed(0),
      ];
    }),
  );
  const right = ["SECONDS", "WRITES", "WRITES/S", "OF LOOP", "READS", "2ND PASS", "CPU S", "PEAK MIB"];
  return table(
    [
      { title: "PARTNERS", align: "right" },
      { title: "WHO" },
      ...right.map((title) => ({ title, align: "right" as const })),
    ],
    rows,
  );
}

const ms = (value: number): string => `${Math.round(value)} ms`;

/** The table of what else was seen of this kit. */
export function momentRows({ count, moments, handover }: Seen): string {
  return table(
    [
      { title: `THIS KIT, ${count} PARTNERS IN PLACE` },
      { title: "SEEN", align: "right" },
      { title: "PROMISED", align: "right" },
    ],
    [
      ["first object of a new Partner behind a second look at all", ms(moments.behindResync), "250 ms"],
      ["first object of a new Partner behind a change of all", ms(moments.behindChange), "250 ms"],
      [`resident memory, ${moments.cached} objects cached`, `${Math.round(moments.memory)} MiB`, "250 MiB"],
      ["first object of a new Partner, leader killed", ms(handover.crash), "20000 ms"],
      ["first object of a new Partner, leader asked to end", ms(handover.graceful), "2000 ms"],
    ],
  );
}

/** What is promised, and whether the numbers keep it. */
export function kept(
  rounds: ReadonlyMap<number, readonly Round[]>,
  { moments, handover }: Seen,
): readonly { readonly what: string; readonly isKept: boolean }[] {
  const perSize = [...rounds].flatMap(([size, measured]) => [
    {
      what: `${size} Partners: at least 85 % of the bare loop's write rate (${percent(shareOfLoop(measured, "kit"))})`,
      isKept: shareOfLoop(measured, "kit") >= 0.85,
    },
    {
      what: `${size} Partners: ready no later than controller-runtime's (${percent(shareOfTime(measured))} of its time)`,
      isKept: shareOfTime(measured) <= 1,
    },
    {
      what: `${size} Partners: no write in the second pass`,
      isKept: measured.every((round) => round.kit.secondPass === 0),
    },
  ]);
  return [
    ...perSize,
    { what: "behind a second look: below 250 ms", isKept: moments.behindResync < 250 },
    { what: "behind a change of all: below 250 ms", isKept: moments.behindChange < 250 },
    { what: `memory with ${moments.cached} objects cached: below 250 MiB`, isKept: moments.memory < 250 },
    { what: "after a crash of the leader: below 20 s", isKept: handover.crash < 20_000 },
    { what: "after a graceful end of the leader: below 2 s", isKept: handover.graceful < 2_000 },
  ];
}
