import type { Logger } from "../../kube/logger.ts";
import { scoresIn } from "./risk-answer.ts";
import type { RiskScore, RiskScores } from "./risk-scores.ts";

/** Octets an answer may have. */
const MOST = 2_097_152;

export interface HttpRiskScoresOptions {
  /** Address of the operation `partnerScores` of `docs/contracts/wekeza-risk.v1.yaml`. */
  readonly url: string;
  readonly logger: Logger;
  /** Between two questions, in ms. */
  readonly everyMs?: number;
  /** An answer is good for so long, in ms; then nobody knows, and limits stay as they are. */
  readonly staleMs?: number;
}

/**
 * Scores of the bank's `Wekeza-Risk` by its contract (docs/contracts/wekeza-risk.v1.yaml), asked for every two seconds in one
 * request.
 *
 * A service that is silent, errs or answers anything else changes nobody's limit. Redirects are not followed.
 */
export class HttpRiskScores implements RiskScores {
  readonly #options: Required<HttpRiskScoresOptions>;
  readonly #listeners = new Set<(clientId: string) => void>();
  readonly #stop = new AbortController();
  #scores: ReadonlyMap<string, RiskScore> = new Map();
  #at = Number.NEGATIVE_INFINITY;
  #failing = false;
  #timer: NodeJS.Timeout | undefined;
  #asking: Promise<void> = Promise.resolve();

  constructor(options: HttpRiskScoresOptions) {
    this.#options = { everyMs: 2_000, staleMs: 60_000, ...options };
  }

  of(clientId: string): RiskScore | undefined {
    if (performance.now() - this.#at > this.#options.staleMs) return undefined;
    // Of whom the service says nothing there is nothing to fear.
    return this.#scores.get(clientId) ?? { score: 0, reason: "" };
  }

  /** Told of each client whose score changed. Returns how to stop that. */
  onChange(listener: (clientId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): void {
    this.#asking = this.#ask().then(() => {
      if (!this.#stop.signal.aborted) this.#timer = setTimeout(() => this.start(), this.#options.everyMs);
    });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#timer);
    await this.#asking;
  }

  async #ask(): Promise<void> {
    const { url, everyMs, logger } = this.#options;
    try {
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(Math.max(everyMs, 2_000))]);
      const response = await fetch(url, {
        signal,
        redirect: "error",
        headers: { accept: "application/json" },
      });
      if (response.status !== 200) throw new Error(`It answered ${response.status}.`);
      this.#take(scoresIn(await bodyOf(response)));
      this.#failing = false;
    } catch (error) {
      if (!this.#failing && !this.#stop.signal.aborted)
        logger.warn({ err: error, url }, "risk scores not read; limits stay as they are");
      this.#failing = true;
    }
  }

  #take(scores: ReadonlyMap<string, RiskScore>): void {
    const before = this.#scores;
    this.#scores = scores;
    this.#at = performance.now();
    for (const clientId of new Set([...before.keys(), ...this.#scores.keys()])) {
      if (before.get(clientId)?.score === this.#scores.get(clientId)?.score) continue;
      for (const listener of this.#listeners) listener(clientId);
    }
  }
}

async function bodyOf(response: Response): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.byteLength;
    if (size > MOST) throw new Error(`It answered more than ${MOST} octets.`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
