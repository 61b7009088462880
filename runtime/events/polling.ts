import { Type, type Static } from "typebox";
import { Compile } from "typebox/compile";
import { formFaults } from "../service/form-faults.ts";
import type { ObukFault } from "../service/obuk-error.ts";
import { isStorable, UNSTORABLE } from "../service/storable.ts";

/** What a partner sends to poll (Open Banking UK 4.0, `OBEventPolling1`). */
export const PollRequest = Type.Object(
  {
    maxEvents: Type.Optional(Type.Integer({ minimum: 0, maximum: 2_147_483_647 })),
    returnImmediately: Type.Optional(Type.Boolean()),
    ack: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { maxItems: 1_000 })),
    setErrs: Type.Optional(
      Type.Record(
        Type.String({ minLength: 1, maxLength: 128 }),
        Type.Object({
          err: Type.String({ minLength: 1, maxLength: 40 }),
          description: Type.String({ minLength: 1, maxLength: 256 }),
        }),
        { maxProperties: 1_000 },
      ),
    ),
  },
  { additionalProperties: false },
);
export type PollRequest = Static<typeof PollRequest>;

/** What a partner says of what it was sent. */
export interface Receipts {
  readonly acknowledged: readonly string[];
  readonly errors: readonly { readonly jti: string; readonly err: string; readonly description: string }[];
}

/** Notifications in one answer at most: of about 900 bytes each. */
export const MOST_EVENTS = 100;

const validator = Compile(PollRequest);

/** The request in a body, or what is wrong with its form, field by field. */
export function readPoll(
  body: unknown,
): { readonly request: PollRequest } | { readonly faults: readonly ObukFault[] } {
  if (!validator.Check(body)) return { faults: formFaults(validator.Errors(body)) };
  return isStorable(body) ? { request: body } : { faults: [UNSTORABLE] };
}

/**
 * How many notifications are asked for, and whether to wait when there are none.
 *
 * Without `returnImmediately` a partner waits (RFC 8936 section 2.2); who asks for none is answered at once.
 */
export function wishOf({ maxEvents = MOST_EVENTS, returnImmediately = false }: PollRequest): {
  readonly limit: number;
  readonly waits: boolean;
} {
  return { limit: Math.min(maxEvents, MOST_EVENTS), waits: !returnImmediately && maxEvents > 0 };
}

/** An id of ours; no other can be meant. */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What a poll says of earlier notifications. One that is both acknowledged and in error was received. */
export function receiptsOf({ ack = [], setErrs = {} }: PollRequest): Receipts {
  const acknowledged = ack.filter((jti) => UUID.test(jti));
  return {
    acknowledged,
    errors: Object.entries(setErrs)
      .filter(([jti]) => UUID.test(jti) && !acknowledged.includes(jti))
      .map(([jti, { err, description }]) => ({ jti, err, description })),
  };
}
