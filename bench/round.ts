import type { Answer, Prober } from "./prober.ts";

/** How long one change took at one prober. */
export interface Measured {
  readonly prober: Prober;
  /** Milliseconds from before the change was sent to the first answer that shows it. */
  readonly after: number;
  /** Answers of the old kind that came after the first of the new kind: there must be none. */
  readonly relapses: number;
}

/** Longest wait for a change to be seen everywhere, in ms; five times what is promised. */
const PATIENCE = 10_000;

/**
 * Makes a change and measures when each prober first sees it.
 *
 * @param wanted the answer that shows it.
 * @param patience milliseconds.
 * @throws Error that names the pods that did not show it in time.
 */
export async function measure(
  probers: readonly Prober[],
  wanted: Answer,
  change: () => Promise<unknown>,
  patience = PATIENCE,
): Promise<readonly Measured[]> {
  const seen = new Map<Prober, { after: number; relapses: number }>();
  const everywhere = Promise.withResolvers<void>();
  const start = performance.now();
  for (const prober of probers) {
    prober.onAnswer((answer, at) => {
      const first = seen.get(prober);
      if (answer === wanted && first === undefined) seen.set(prober, { after: at - start, relapses: 0 });
      if (answer !== wanted && first !== undefined) first.relapses += 1;
      if (seen.size === probers.length) everywhere.resolve();
    });
  }
  const late = setTimeout(
    () => everywhere.reject(new Error(missing(probers, seen, wanted, patience))),
    patience,
  );
  try {
    await Promise.all([change(), everywhere.promise]);
  } finally {
    clearTimeout(late);
    for (const prober of probers) prober.onAnswer(undefined);
  }
  return [...seen].map(([prober, result]) => ({ prober, ...result }));
}

function missing(
  probers: readonly Prober[],
  seen: ReadonlyMap<Prober, unknown>,
  wanted: Answer,
  patience: number,
): string {
  const late = probers
    .filter((prober) => !seen.has(prober))
    .map((prober) => {
      const { target } = prober;
      const error = prober.lastError();
      const why = error instanceof Error ? ` (last: ${error.message})` : "";
      return `${target.group} ${target.pod} over ${target.connection} connections${why}`;
    });
  return `not ${wanted} within ${patience / 1000} s: ${late.join(", ")}`;
}
