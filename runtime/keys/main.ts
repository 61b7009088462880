import { randomBytes } from "node:crypto";
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
import { KeysConfig } from "./config.ts";
import { EVENTS_KEYS, newEventsKeys } from "./events-keys.ts";
import { MESSAGE_KEYS, newMessageKeys } from "./message-keys.ts";
import { newOauthKeys, newOauthSecrets, OAUTH_KEYS } from "./oauth-keys.ts";
import { newRedisAcl, REDIS_ACL } from "./redis-acl.ts";
import { shareSecret } from "./share-secret.ts";

const log = createLog("keys");
const { env } = process;

/** What a partner's own gateways need of what the group's have, and no more. */
const SHARED = [
  [MESSAGE_KEYS, ["jwks.json"]],
  [REDIS_ACL, ["gateway"]],
] as const;

try {
  const { namespace, inStore = [] } = readConfig(
    KeysConfig,
    env["WEKEZA_CONFIG"] ?? "/etc/wekeza/config.json",
  );
  const client = await regionClient("keys", env);
  for (const [name, make] of [
    [OAUTH_KEYS, inStore.includes(OAUTH_KEYS) ? newOauthSecrets : newOauthKeys],
    [EVENTS_KEYS, newEventsKeys],
    [MESSAGE_KEYS, newMessageKeys],
    [REDIS_ACL, newRedisAcl],
    [AUDIT_SIGNING_KEY, newAuditSigningKey],
    [AUDIT_WRAPPING_KEY, newAuditWrappingKey],
  ] as const) {
    if (name !== OAUTH_KEYS && inStore.includes(name)) continue;
    const result = await ensureSecret(client, { namespace, name }, () => make(randomBytes));
    log.info({ name, result }, "keys ensured");
  }
  const beside = env["WEKEZA_SHARE_WITH"];
  if (beside !== undefined) {
    for (const [name, entries] of SHARED) {
      if (inStore.includes(name)) continue;
      const result = await shareSecret(client, { namespace, name }, { namespace: beside, entries });
      log.info({ name, namespace: beside, result }, "keys shared");
    }
  }
  await client.close();
} catch (error) {
  log.fatal({ err: error }, "keys not ensured");
  process.exitCode = 1;
}
