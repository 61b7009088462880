import { randomUUID } from "node:crypto";

/** Header that ties a request, its answer and every log line about it together (FAPI 1.0 part 1, 6.2.1-11). */
export const INTERACTION_ID = "x-fapi-interaction-id";

/** Any RFC 9562 UUID, in its hexadecimal form. Anything else in a log or an answer would be a way to inject text. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether a text may serve as interaction id. */
export function isInteractionId(text: unknown): text is string {
  return typeof text === "string" && text.length === 36 && UUID.test(text);
}

/** The id the caller chose, or a new one when it chose none or no UUID. */
export function interactionIdOf(header: unknown, random: () => string = randomUUID): string {
  return isInteractionId(header) ? header : random();
}
