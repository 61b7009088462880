import { randomBytes } from "node:crypto";
import { CommonConfig } from "../service/config.ts";
import { readConfig } from "../service/config-file.ts";
import { regionClient } from "../service/kubernetes-client.ts";
import { createLog } from "../service/logger.ts";
import { ensureSecret } from "./ensure-secret.ts";
import {
  AUDIT_SIGNING_KEY,
  AUDIT_WRAPPING_KEY,
  newAuditSigningKey,
  newAuditWrappingKey,
} from "./audit-keys.ts";
import { EVENTS_KEYS, newEventsKeys } from "./events-keys.ts";
import { MESSAGE_KEYS, newMessageKeys } from "./message-keys.ts";
import { newOauthKeys, OAUTH_KEYS } from "./oauth-keys.ts";
import { newRedisAcl, REDIS_ACL } from "./redis-acl.ts";

const log = createLog("keys");
const { env } = process;

try {
  const { namespace } = readConfig(CommonConfig, env["WEKEZA_CONFIG"] ?? "/etc/wekeza/config.json");
  const client = await regionClient("keys", env);
  for (const [name, make] of [
    [OAUTH_KEYS, newOauthKeys],
    [EVENTS_KEYS, newEventsKeys],
    [MESSAGE_KEYS, newMessageKeys],
    [REDIS_ACL, newRedisAcl],
    [AUDIT_SIGNING_KEY, newAuditSigningKey],
    [AUDIT_WRAPPING_KEY, newAuditWrappingKey],
  ] as const) {
    const result = await ensureSecret(client, { namespace, name }, () => make(randomBytes));
    log.info({ name, result }, "keys ensured");
  }
  await client.close();
} catch (error) {
  log.fatal({ err: error }, "keys not ensured");
  process.exitCode = 1;
}
