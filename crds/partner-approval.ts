import { Type, type Static } from "typebox";
import { Webhook } from "./partner-webhook.ts";

/** The fields that say who a partner is and where its customers are sent, each list in an order of its own. */
export const PartnerIdentity = Type.Object(
  {
    roles: Type.Array(Type.String({ maxLength: 8 }), { maxItems: 3 }),
    redirectURIs: Type.Array(Type.String({ maxLength: 512 }), { maxItems: 20 }),
    jwks: Type.Object({
      keys: Type.Array(
        Type.Object({
          kty: Type.String({ maxLength: 8 }),
          kid: Type.String({ maxLength: 128 }),
          alg: Type.Optional(Type.String({ maxLength: 16 })),
          use: Type.Optional(Type.String({ maxLength: 8 })),
          crv: Type.Optional(Type.String({ maxLength: 16 })),
          x: Type.Optional(Type.String({ maxLength: 128 })),
          y: Type.Optional(Type.String({ maxLength: 128 })),
          n: Type.Optional(Type.String({ maxLength: 1400 })),
          e: Type.Optional(Type.String({ maxLength: 16 })),
        }),
        { maxItems: 10 },
      ),
    }),
    certificates: Type.Array(
      Type.Object({ name: Type.String({ maxLength: 32 }), csrHash: Type.String({ maxLength: 64 }) }),
      { maxItems: 4 },
    ),
    /** Absent when there are none: Partners without any keep the hash that was approved. */
    webhooks: Type.Optional(Type.Array(Webhook, { maxItems: 4 })),
  },
  { description: "The identity fields that production serves, whatever the spec says meanwhile." },
);

export type PartnerIdentity = Static<typeof PartnerIdentity>;

/** `status.approval` of a Partner. */
export const PartnerApproval = Type.Object(
  {
    approved: Type.Optional(
      Type.Object({
        hash: Type.String({ maxLength: 64, description: "Of the identity fields." }),
        approval: Type.String({ maxLength: 253, description: "Name of the Approval." }),
        approver: Type.String({ maxLength: 253 }),
        requestedBy: Type.String({ maxLength: 253 }),
        at: Type.String({ maxLength: 40, description: "When it took effect." }),
        breakGlass: Type.Boolean({ description: "One person alone; a second one has not looked at it yet." }),
        reason: Type.String({ maxLength: 512 }),
        identity: PartnerIdentity,
      }),
    ),
    pending: Type.Optional(
      Type.Object(
        {
          hash: Type.String({ maxLength: 64 }),
          changes: Type.Array(Type.String({ maxLength: 32 }), {
            maxItems: 8,
            description: "Fields that differ from what is served.",
          }),
          requestedBy: Type.Optional(
            Type.String({ maxLength: 253, description: "Who has to ask a second person." }),
          ),
          request: Type.Optional(
            Type.String({
              maxLength: 2_048,
              description: "The Approval to create, as JSON; APPROVER and REASON are yours to fill in.",
            }),
          ),
        },
        { description: "A change of identity fields that waits for an Approval." },
      ),
    ),
  },
  { description: "Which identity fields production serves, who agreed, and what waits." },
);
export type PartnerApproval = Static<typeof PartnerApproval>;
