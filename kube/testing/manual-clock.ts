import type { Clock } from "../clock.ts";

/** A clock that moves only when told to. */
export interface ManualClock extends Clock {
  /** Lets time pass: timers fire in order, at their time. */
  pass(ms: number): void;
  /** Moves the wall clock alone. */
  jump(ms: number): void;
  /** Lets the machine sleep: the wall clock goes on, timers and the monotonic clock do not. */
  suspend(ms: number): void;
}

/** A clock that starts at 2026-01-01T00:00:00Z. */
export function manualClock(): ManualClock {
  let monotonic = 0;
  let wall = Date.UTC(2026, 0, 1);
  const timers = new Set<{ readonly due: number; readonly callback: () => void }>();
  const move = (ms: number): void => {
    monotonic += ms;
    wall += ms;
  };
  return {
    now: () => new Date(wall),
    monotonic: () => monotonic,
    after(ms, callback) {
      const timer = { due: monotonic + Math.max(0, ms), callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    pass(ms) {
      const end = monotonic + ms;
      for (;;) {
        const [next] = [...timers].filter(({ due }) => due <= end).toSorted((a, b) => a.due - b.due);
        if (!next) break;
        move(next.due - monotonic);
        timers.delete(next);
        next.callback();
      }
      move(end - monotonic);
    },
    jump(ms) {
      wall += ms;
    },
    suspend(ms) {
      wall += ms;
    },
  };
}
