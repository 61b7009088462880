import { Type, type Static } from "typebox";
import { OpenBaoSettings } from "../../key-store/open-bao/settings.ts";
import { CommonConfig, DatabaseConfig } from "../service/config.ts";

/** What the operator writes for a stack's audit service. */
export const AuditConfig = Type.Object({
  ...CommonConfig.properties,
  database: DatabaseConfig,
  epoch: Type.Integer({
    minimum: 1,
    description: "Of the group's failovers: who is of a lower one adds nothing.",
  }),
  checkpointMs: Type.Integer({
    minimum: 50,
    description:
      "Longest that something new waits for its checkpoint, in ms; nothing is signed when nothing is new.",
  }),
  keyStore: Type.Optional(
    Type.Object({
      openBao: OpenBaoSettings,
      signs: Type.Boolean({ description: "Whether the key that signs checkpoints is there." }),
      opens: Type.Boolean({ description: "Whether the key that opens customers' keys is there." }),
    }),
  ),
});
export type AuditConfig = Static<typeof AuditConfig>;
