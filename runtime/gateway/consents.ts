import { parseConsentSnapshot, type ConsentSnapshot } from "../service/consent-snapshot.ts";
import { UpstreamError, type Upstream } from "../service/mtls-client.ts";
import { createEnded, keep } from "./ended.ts";

/** Consents as this gateway knows them. */
export interface Consents {
  /** Whether it is known to have ended. True from the moment {@link end} was called. */
  hasEnded(id: string): boolean;
  /** The consent as it was read a while ago, or undefined when it has to be read. */
  known(id: string, now: number): ConsentSnapshot | undefined;
  /**
   * Reads the consent; at one time once, however many calls wait for it. Undefined: there is none.
   *
   * @throws UpstreamError when the consent service gives no answer.
   */
  find(id: string, now: number): Promise<ConsentSnapshot | undefined>;
  /** Takes in that a consent has ended. */
  end(id: string, now: number): void;
}

/** Consents kept at most, and how long one is believed, in ms: revocations are pushed, other changes are rare. */
const MOST = 100_000;
const KEEP_MS = 300_000;

/** No consent known yet. */
export function createConsents(upstream: Upstream): Consents {
  const read = new Map<string, { readonly snapshot: ConsentSnapshot; readonly until: number }>();
  const ended = createEnded();
  const reading = new Map<string, Promise<ConsentSnapshot | undefined>>();

  const fetch = async (id: string): Promise<ConsentSnapshot | undefined> => {
    const answer = await upstream.request({
      method: "GET",
      path: `/internal/consents/${encodeURIComponent(id)}`,
    });
    if (answer.status === 404) return undefined;
    const snapshot = answer.status === 200 ? parseConsentSnapshot(answer.json()) : undefined;
    if (snapshot === undefined || snapshot.id !== id) {
      throw new UpstreamError(
        "Unreachable",
        `The consent service answered ${answer.status} about a consent.`,
      );
    }
    return snapshot;
  };

  return {
    hasEnded: (id) => ended.has(id),
    known(id, now) {
      const found = read.get(id);
      return found === undefined || now >= found.until ? undefined : found.snapshot;
    },
    find(id, now) {
      const present = reading.get(id);
      if (present !== undefined) return present;
      const promise = fetch(id)
        .then((snapshot) => {
          if (snapshot !== undefined) keep(read, MOST, id, { snapshot, until: now + KEEP_MS });
          return snapshot;
        })
        .finally(() => reading.delete(id));
      reading.set(id, promise);
      return promise;
    },
    end(id, now) {
      ended.end(id, now);
      read.delete(id);
      // A reading under way may have begun before the end; the next call reads again.
      reading.delete(id);
    },
  };
}
