import { Type, type Static } from "typebox";
import { CommonConfig } from "../service/config.ts";

/** What the operator writes for a stack's keys Job. */
export const KeysConfig = Type.Object({
  ...CommonConfig.properties,
  inStore: Type.Optional(
    Type.Array(Type.String(), { description: "Secrets that are not made, as their keys are in a store." }),
  ),
});
export type KeysConfig = Static<typeof KeysConfig>;
