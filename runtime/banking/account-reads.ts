import type { FastifyInstance } from "fastify";
import type { ReplicaReads } from "../service/replica/replica-reads.ts";
import type { CoreBank } from "./core-bank.ts";

/** Who answers account information: a replica of the books, through a bank that asks it. */
export interface AccountReads {
  readonly replica: Pick<ReplicaReads, "read" | "passedBy" | "queries">;
  /** Asks {@link ReplicaReads.queries}. */
  readonly bank: CoreBank;
}

/**
 * Has a replica answer every route that is made here from now on, and the primary where that cannot or refuses: what does
 * not exist yet on the one may exist on the other. Routes here read and do nothing else.
 */
export function askReplicaFirst(
  app: FastifyInstance,
  replica: Pick<ReplicaReads, "read" | "passedBy">,
): void {
  app.addHook("onRoute", (route) => {
    const { handler } = route;
    route.handler = function answer(request, reply) {
      // A partner of tier dedicated has connections of its own, which are to the primary.
      if (request.onlyFor === undefined) return replica.read(async () => handler.call(this, request, reply));
      replica.passedBy();
      return handler.call(this, request, reply);
    };
  });
}
