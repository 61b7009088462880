import type { KubeObject } from "./object.ts";

/** What people asked of the kit by annotations on a resource. */
export interface Restraint {
  /** `<prefix>/pausedUntil` lies ahead: nothing but safety work is done until then. */
  readonly pausedUntil?: Date | undefined;
  /** `<prefix>/plan: only`: what would be done is said in status, and only safety work is done. */
  readonly planOnly: boolean;
  /** An annotation that cannot be understood, for people. */
  readonly mistake?: string | undefined;
}

/** Reads the annotations. A pause without a readable end is no pause: a forgotten one must not last for ever. */
export function restraintOf({ metadata }: KubeObject, prefix: string, now: Date): Restraint {
  const annotations = metadata.annotations ?? {};
  const paused = annotations[`${prefix}/pausedUntil`];
  const until = paused === undefined ? undefined : new Date(paused);
  const unreadable = until !== undefined && Number.isNaN(until.getTime());
  return {
    ...(until && !unreadable && until > now ? { pausedUntil: until } : {}),
    planOnly: annotations[`${prefix}/plan`] === "only",
    mistake: unreadable
      ? `The annotation ${prefix}/pausedUntil is not a time: write one such as 2027-01-31T18:00:00Z.`
      : undefined,
  };
}
