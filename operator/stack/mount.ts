import { k8s } from "cdk8s-plus-28";
import { tokenMount } from "../../key-store/open-bao/token-mount.ts";
import { configName, type Configured } from "./configuration.ts";

/** A volume of a pod with the place where a container sees it. */
export interface Mount {
  readonly volume: k8s.Volume;
  readonly mountPath: string;
  readonly readOnly: boolean;
  /** One file of the volume instead of the folder. Such a file is never refreshed. */
  readonly subPath?: string;
}

/** Secret files are readable by the pod's group alone, so that the process's user need not own them. */
const GROUP_READABLE = 0o440;
const READABLE = 0o444;

function secret(
  name: string,
  secretName: string,
  mountPath: string,
  keys?: readonly string[],
  optional = false,
): Mount {
  const items = keys?.map((key) => ({ key, path: key }));
  const source = {
    secretName,
    defaultMode: GROUP_READABLE,
    ...(items ? { items } : {}),
    ...(optional ? { optional } : {}),
  };
  return { volume: { name, secret: source }, mountPath, readOnly: true };
}

function configMap(name: string, source: string, mountPath: string): Mount {
  return { volume: { name, configMap: { name: source, defaultMode: READABLE } }, mountPath, readOnly: true };
}

/** The process's configuration. It need not be refreshed: a change of it starts the pods again, by their checksum. */
export function configuration(process: Configured): Mount {
  const file = configMap("config", configName(process), "/etc/wekeza/config.json");
  return { ...file, subPath: "config.json" };
}

/** Root of the region's service certificates. */
export const serviceCa = configMap("service-ca", "service-ca", "/etc/wekeza/service-ca");

/** Chain that partners' certificates are verified by. */
export const partnerCa = configMap("partner-ca", "partner-ca", "/etc/wekeza/partner-ca");

/** Server certificate of the group's hosts. */
export const hostTls = secret("host-tls", "host-tls", "/etc/wekeza/host-tls");

/** Keys that tokens and cookies are signed with; the keys Job makes them. */
export const oauthKeys = secret("oauth-keys", "oauth-keys", "/etc/wekeza/oauth-keys");

/** What is left of them when the key that signs tokens is in a store. */
export const oauthSecrets = secret("oauth-keys", "oauth-keys", "/etc/wekeza/oauth-keys", [
  "cookie.json",
  "nonce",
]);

/** Keys that news for partners is signed with. */
export const eventsKeys = secret("events-keys", "events-keys", "/etc/wekeza/events-keys", ["jwks.json"]);

/** Their public halves, which oauth publishes; after the key moved into a store, for as long as the Secret is kept. */
export const eventsPublicKeys = (moved: boolean): Mount =>
  secret("events-keys", "events-keys", "/etc/wekeza/events-keys", ["public.json"], moved);

/** Keys that answers about payments are signed with. */
export const messageKeys = secret("message-keys", "message-keys", "/etc/wekeza/message-keys", ["jwks.json"]);

/** Their public halves, which oauth publishes too. */
export const messagePublicKeys = (moved: boolean): Mount =>
  secret("message-keys", "message-keys", "/etc/wekeza/message-keys", ["public.json"], moved);

/** Key that the audit log is signed with. */
export const auditSigningKey = secret("audit-signing", "audit-signing-key", "/etc/wekeza/audit-keys/signing");

/**
 * Key that customers' keys are sealed to; apart from the other, and mounted nowhere else. After it moved into a store, for as
 * long as the Secret is kept: it opens what was sealed to it.
 */
export const auditWrappingKey = (moved: boolean): Mount =>
  secret(
    "audit-wrapping",
    "audit-wrapping-key",
    "/etc/wekeza/audit-keys/wrapping",
    moved ? ["key.pem"] : undefined,
    moved,
  );

/** The pod's own token for the store of its key. */
export const keyStoreToken: Mount = { ...tokenMount, readOnly: true };

/** Users of Redis and the hashes of their passwords; the passwords themselves stay out. */
export const redisAcl = secret("redis-acl", "redis-acl", "/etc/wekeza/redis-acl", ["users.acl"]);

/** The password by which a user of Redis is let in, as a file of the user's name. */
export function redisPassword(user: string): Mount {
  return secret("redis-password", "redis-acl", "/etc/wekeza/redis-password", [user]);
}

/** A folder that lives as long as the pod, in place of a writable root file system. */
export function scratch(name: string, mountPath: string, sizeLimit: string, inMemory = false): Mount {
  const emptyDir = {
    sizeLimit: k8s.Quantity.fromString(sizeLimit),
    ...(inMemory ? { medium: "Memory" } : {}),
  };
  return { volume: { name, emptyDir }, mountPath, readOnly: false };
}

/** The `/tmp` every process has. */
export const temporary = scratch("tmp", "/tmp", "64Mi");

/** The container's side of a mount. */
export function volumeMount({ volume, mountPath, readOnly, subPath }: Mount): k8s.VolumeMount {
  return {
    name: volume.name,
    mountPath,
    // The server drops a false, and an operator that starts anew would write it again.
    ...(readOnly ? { readOnly } : {}),
    ...(subPath === undefined ? {} : { subPath }),
  };
}
