import { Type, type Static } from "typebox";
import { BankSystem, CommonConfig, DatabaseConfig, RedisConfig } from "../service/config.ts";

/** What the operator writes for a stack's banking service. */
export const BankingConfig = Type.Object({
  ...CommonConfig.properties,
  database: DatabaseConfig,
  /** A read replica of it, for account information; absent: the database answers that too. */
  replica: Type.Optional(DatabaseConfig),
  redis: RedisConfig,
  upstreams: Type.Object({
    consent: Type.String(),
    /** Wekeza-Core (docs/contracts/wekeza-core.v1.yaml); absent: the embedded ledger. */
    core: Type.Optional(BankSystem),
    /** Wekeza-Fraud (docs/contracts/wekeza-fraud.v1.yaml); absent: the sandbox's own, or in production nobody. */
    fraud: Type.Optional(BankSystem),
    /** Wekeza-NextGen (docs/contracts/wekeza-nextgen.v1.yaml); absent: the sandbox's own, or in production nobody. */
    scheme: Type.Optional(BankSystem),
  }),
  /** Makes demo customers; the service refuses to start with it in production. */
  demoData: Type.Boolean({ default: false }),
});
export type BankingConfig = Static<typeof BankingConfig>;
