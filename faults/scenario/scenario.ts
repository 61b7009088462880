import type { FaultClass } from "../fault-classes.ts";
import type { StartSubject, Stage } from "../stage.ts";

/** One change that a person makes, and how to tell that it has come about. */
export interface Phase {
  readonly name: string;
  /** The phase whose end it needs; those between are of no matter to it. Default: the phase before it. */
  readonly follows?: string;
  /** The phase before it whose end it must come back to. */
  readonly endsAs?: string;
  /** The change makes sense only when the phase before is over. */
  readonly afterPrevious?: boolean;
  readonly change: (stage: Stage) => Promise<void>;
  /** True, or what is still missing, for people. */
  readonly reached: (stage: Stage) => true | string;
}

/** A life of some resources, told in phases. */
export interface Scenario {
  readonly name: string;
  /** Makes what must be there before the programs start. */
  readonly prepare: (stage: Stage) => Promise<void>;
  readonly phases: readonly Phase[];
  /** The phase that takes away what the others have made. */
  readonly farewell?: string;
  /** How the programs are started, and what can happen to them. */
  readonly start: StartSubject;
  readonly faults: readonly FaultClass[];
  /** Plans that a sample has of it for one of another scenario; less than 1 where a play takes many times as long. Default 1. */
  readonly share?: number;
}
