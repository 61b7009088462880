import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { NEWS_TYPES } from "../../crds/partner-webhook.ts";
import { formFaults } from "../service/form-faults.ts";
import type { ObukFault } from "../service/obuk-error.ts";
import { isStorable, UNSTORABLE } from "../service/storable.ts";
import { objectionToUrl } from "./webhook/target.ts";

/** What a partner wants to be told, and where. */
export interface Subscription {
  readonly client: string;
  readonly id: string;
  readonly version: string;
  /** Where notifications are sent, exactly; undefined: they wait to be polled. */
  readonly callbackUrl: string | undefined;
  /** Undefined: all. */
  readonly eventTypes: readonly string[] | undefined;
  readonly createdAt: Date;
}

/** Versions of the notifications. */
const VERSIONS = ["4.0"];

/** The standard's types. */
const KNOWN_TYPES: readonly string[] = NEWS_TYPES;

/** What a partner sends: `OBEventSubscription1` to make one, `OBEventSubscriptionResponse1` to change it. */
const SubscriptionRequest = Type.Object({
  Data: Type.Object({
    EventSubscriptionId: Type.Optional(Type.String({ minLength: 1, maxLength: 40 })),
    CallbackUrl: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })),
    Version: Type.String({ minLength: 1, maxLength: 10 }),
    EventTypes: Type.Optional(Type.Array(Type.String(), { minItems: 1, maxItems: 20 })),
  }),
});
const validator = Compile(SubscriptionRequest);

/** What is asked for, checked. */
export type SubscriptionWish = Pick<Subscription, "callbackUrl" | "eventTypes" | "version"> & {
  readonly id: string | undefined;
};

/** The wish in a body, or what is wrong with it, field by field. */
export function readSubscription(
  body: unknown,
  privateHosts: readonly string[],
): { readonly wish: SubscriptionWish } | { readonly faults: readonly ObukFault[] } {
  if (!validator.Check(body)) return { faults: formFaults(validator.Errors(body)) };
  if (!isStorable(body)) return { faults: [UNSTORABLE] };
  const { EventSubscriptionId: id, CallbackUrl, Version, EventTypes } = body.Data;
  const objection = CallbackUrl === undefined ? undefined : objectionToUrl(CallbackUrl, privateHosts);
  const unknown = (EventTypes ?? []).filter((type) => !KNOWN_TYPES.includes(type));
  const faults = [
    ...(VERSIONS.includes(Version) ? [] : [invalid("Data.Version", `is not served; ask for ${VERSIONS[0]}`)]),
    ...(objection === undefined ? [] : [invalid("Data.CallbackUrl", objection)]),
    ...unknown.map((type) => invalid("Data.EventTypes", `names ${type}, which is no type of the standard`)),
  ];
  if (faults.length > 0) return { faults };
  return { wish: { id, version: Version, callbackUrl: CallbackUrl, eventTypes: EventTypes } };
}

function invalid(path: string, what: string): ObukFault {
  return { reason: "FieldInvalid", message: `${path} ${what}.`, path };
}
