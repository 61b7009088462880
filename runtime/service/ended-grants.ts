import { Type, type Static } from "typebox";
import { Compile } from "typebox/compile";

/** What a gateway reads about grants that ended before their consent: `GET /internal/ended-grants?since=<cursor>` of oauth. */
export const EndedGrants = Type.Object({
  /** To be sent as `since` next time; grows. */
  cursor: Type.String(),
  /** Ids of grants that ended since, oldest first. */
  grants: Type.Array(Type.String()),
});
export type EndedGrants = Static<typeof EndedGrants>;

const endedGrants = Compile(EndedGrants);

/** The ended grants in an answer of oauth, or undefined when it holds none. */
export function parseEndedGrants(value: unknown): EndedGrants | undefined {
  return endedGrants.Check(value) ? value : undefined;
}

/** What is told on the channel of revocations when a grant ends, after commit; the end of a consent is another message there. */
export const EndedGrantMessage = Type.Object({ grant: Type.String() });
export type EndedGrantMessage = Static<typeof EndedGrantMessage>;
