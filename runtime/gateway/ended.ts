/** Ids of consents or of grants that are known to have ended, for as long as that matters. */
export interface Ended {
  has(id: string): boolean;
  /** Takes in that one has ended, at a time in ms since 1970. */
  end(id: string, now: number): void;
}

/** The end of something is remembered for as long as an access token can live, 900 s, and a minute for one that was being made, in ms. */
const KEEP_MS = 960_000;
const MOST = 500_000;

/** None has ended. When there are too many the oldest is forgotten. */
export function createEnded({ most = MOST } = {}): Ended {
  const ended = new Map<string, number>();
  return {
    has: (id) => ended.has(id),
    end(id, now) {
      for (const [old, at] of ended) {
        if (now - at < KEEP_MS) break;
        ended.delete(old);
      }
      keep(ended, most, id, now);
    },
  };
}

/** Puts an entry last, and makes room for it when there are `most` already. */
export function keep<V>(map: Map<string, V>, most: number, key: string, value: V): void {
  map.delete(key);
  if (map.size >= most) {
    const [oldest] = map.keys();
    if (oldest !== undefined) map.delete(oldest);
  }
  map.set(key, value);
}
