import { Type, type Static } from "typebox";
import { OpenBaoSettings } from "../../key-store/open-bao/settings.ts";
import { BankSystem, CommonConfig, DatabaseConfig, RedisConfig } from "../service/config.ts";

/** What the operator writes for a stack's authorization server. */
export const OauthConfig = Type.Object({
  ...CommonConfig.properties,
  database: DatabaseConfig,
  redis: RedisConfig,
  upstreams: Type.Object({ consent: Type.String(), banking: Type.String() }),
  /** The bank's channels to its customers (docs/contracts/wekeza-channels.yaml). Needed in production. */
  channels: Type.Optional(BankSystem),
  /** Life of an access token, in seconds (FAPI regional profiles allow 300 to 900). */
  accessTokenSeconds: Type.Integer({ minimum: 300, maximum: 900, default: 600 }),
  /** The store that keys of the stack are in; absent: none is. */
  keyStore: Type.Optional(
    Type.Object({
      openBao: OpenBaoSettings,
      /** Whether its own key is there, instead of in the Secret. */
      signs: Type.Boolean(),
      /** Names there of the keys that are published beside its own. */
      published: Type.Array(Type.String()),
    }),
  ),
});
export type OauthConfig = Static<typeof OauthConfig>;
