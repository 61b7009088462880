import { Type, type Static } from "typebox";

/** Types of news in Open Banking UK 4.0 (Event Notification API, event types): what can be asked for, here and in a subscription. */
export const NEWS_TYPES = [
  "urn:uk:org:openbanking:events:resource-update",
  "urn:uk:org:openbanking:events:consent-authorization-revoked",
  "urn:uk:org:openbanking:events:account-access-consent-linked-account-update",
  "urn:uk:org:openbanking:events:domestic-vrp-consent-linked-account-update",
] as const;

const Url = Type.String({
  maxLength: 512,
  description: "Where the bank sends them, exactly: https, a host on the Internet, port 443.",
  "x-kubernetes-validations": [
    {
      rule: "isURL(self) && url(self).getScheme() == 'https'",
      message: "A webhook must be an absolute https URL, for example https://acme.example/events.",
    },
    {
      rule: "!self.contains('#') && !self.contains('@') && !self.contains('\\\\')",
      message: "A webhook must not contain a fragment (#), user information (@) or a backslash; remove it.",
    },
    {
      rule: "!isURL(self) || (url(self).getHostname() != 'localhost' && !url(self).getHostname().startsWith('127.'))",
      message: "A webhook must name a host that the bank can reach, not localhost.",
    },
  ],
});

/** `spec.webhooks` of a Partner: receivers that it has beside the subscription it makes itself. */
export const PartnerWebhooks = Type.Array(
  Type.Object({
    name: Type.String({
      minLength: 1,
      maxLength: 32,
      pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
      description: "Your name for it, for example ledger. Under another name it begins anew.",
    }),
    url: Url,
    events: Type.Optional(
      Type.Array(Type.Enum([...NEWS_TYPES], { type: "string" }), {
        minItems: 1,
        maxItems: NEWS_TYPES.length,
        "x-kubernetes-list-type": "set",
        description: "Types of events it is sent; absent: all.",
      }),
    ),
  }),
  {
    maxItems: 4,
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
    description:
      "Where its events are sent (docs/events.md), each on its own: what one has taken, the others and a poll get all the same.",
  },
);

/** One webhook, as an identity and a shard hold it. */
export const Webhook = Type.Object({
  name: Type.String({ maxLength: 32 }),
  url: Type.String({ maxLength: 512 }),
  events: Type.Optional(Type.Array(Type.String({ maxLength: 128 }), { maxItems: NEWS_TYPES.length })),
});
export type Webhook = Static<typeof Webhook>;
