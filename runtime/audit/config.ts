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
  keyStore: Type.Optional(OpenBaoSettings),
});
export type AuditConfig = Static<typeof AuditConfig>;
