import { expect, test } from "vitest";
import { eventId, type OutboxRow } from "./event.ts";
import { newsOf } from "./notification.ts";
import { CLIENT, NOON } from "./testing/outbox.ts";

const row = (type: string, more: Partial<OutboxRow> = {}): OutboxRow => ({
  source: "consent",
  number: "1",
  at: NOON,
  type,
  subject: "aac-1",
  payload: { client: CLIENT },
  ...more,
});
const UPDATE = "urn:uk:org:openbanking:events:resource-update";

test.each([
  { type: "consent.withdrawn", want: "urn:uk:org:openbanking:events:consent-authorization-revoked" },
  { type: "consent.authorised", want: UPDATE },
  { type: "consent.reauthorised", want: UPDATE },
  { type: "consent.rejected", want: UPDATE },
  { type: "consent.expired", want: UPDATE },
  { type: "payment.updated", want: UPDATE },
  { type: "payment.received", want: undefined },
  { type: "consent.used", want: undefined },
  { type: "consent.file-uploaded", want: undefined },
  { type: "consent.requested", want: undefined },
  { type: "consent.deleted", want: undefined },
  { type: "consent.partner-ended", want: undefined },
])("a partner is told of $type as $want", ({ type, want }) => {
  expect(newsOf(row(type))?.type).toBe(want);
});

test.each([
  {
    kind: "account-access",
    want: "urn:uk:org:openbanking:events:account-access-consent-linked-account-update",
  },
  { kind: "domestic-vrp", want: "urn:uk:org:openbanking:events:domestic-vrp-consent-linked-account-update" },
  // The standard has no word for these; the authorisation is told.
  { kind: "funds-confirmation", want: undefined },
  { kind: "domestic-payment", want: undefined },
])(
  "that the customer linked other accounts to a consent of kind $kind is told as $want",
  ({ kind, want }) => {
    expect(newsOf(row("consent.accounts-changed", { payload: { client: CLIENT, kind } }))?.type).toBe(want);
  },
);

test.each([
  { kind: undefined, path: "/open-banking/v4.0/aisp/account-access-consents/aac-1" },
  { kind: "domestic-payment", path: "/open-banking/v4.0/pisp/domestic-payment-consents/aac-1" },
  { kind: "domestic-vrp", path: "/open-banking/v4.0/pisp/domestic-vrp-consents/aac-1" },
  { kind: "funds-confirmation", path: "/open-banking/v4.0/cbpii/funds-confirmation-consents/aac-1" },
])("a consent of kind $kind is found at $path", ({ kind, path }) => {
  expect(newsOf(row("consent.authorised", { payload: { client: CLIENT, kind } }))?.resource).toEqual({
    type: `${kind ?? "account-access"}-consent`,
    id: "aac-1",
    path,
  });
});

test("a payment is found where banking says", () => {
  const resource = { type: "domestic-payment", path: "/open-banking/v4.0/pisp/domestic-payments/p-1" };
  const told = row("payment.updated", {
    source: "banking",
    subject: "p-1",
    payload: { client: CLIENT, resource },
  });
  expect(newsOf(told)).toEqual({ client: CLIENT, type: UPDATE, resource: { ...resource, id: "p-1" } });
});

test("what names no partner or no resource is told to nobody", () => {
  expect(newsOf(row("consent.authorised", { payload: {} }))).toBeUndefined();
  expect(newsOf(row("payment.updated", { source: "banking" }))).toBeUndefined();
});

test("an event's id is a UUID of version 8 that depends on every part of it, and on nothing else", () => {
  const event = row("consent.withdrawn");
  const others = [
    eventId("eu", event),
    ...(
      [
        { number: "2" },
        { subject: "aac-2" },
        { type: "x" },
        { at: new Date(0) },
        { source: "banking" },
      ] as const
    ).map((more) => eventId("ke", row("consent.withdrawn", more))),
  ];
  const id = eventId("ke", event);
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(eventId("ke", row("consent.withdrawn", { payload: { client: "other" } }))).toBe(id);
  expect(new Set([id, ...others]).size).toBe(7);
});
