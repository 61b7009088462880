import { hash } from "node:crypto";
import type { RandomBytes } from "./oauth-keys.ts";

/** Name of the Secret with the users of Redis and their passwords. */
export const REDIS_ACL = "redis-acl";

/** Services with keys of their own in Redis. */
export const REDIS_SERVICES = ["gateway", "oauth", "consent", "banking"] as const;

/** The process beside Redis that renews its certificate. */
export const REDIS_SIDECAR = "sidecar";

/**
 * What a service may do: anything with keys under its own name, and the one channel. INFO tells when this Redis
 * started, which one-time things depend on; the rest of what Redis calls dangerous stays closed.
 */
function serviceRule(name: string, password: string): string {
  return `user ${name} on ${hashed(password)} ~${name}:* resetchannels &revoked +@all -@admin -@dangerous +info`;
}

/** Loads new certificates and users, and sees whether Redis is well; no key, no channel. */
function sidecarRule(password: string): string {
  const commands = "-@all +@connection +ping +info +config|get +config|set +acl|load +acl|whoami";
  return `user ${REDIS_SIDECAR} on ${hashed(password)} resetkeys resetchannels ${commands}`;
}

/** Redis takes the SHA-256 as well, so its file gives nobody a password. */
function hashed(password: string): string {
  return `#${hash("sha256", password)}`;
}

/** The contents of a new Secret `redis-acl`: a password for each user, and `users.acl`, the file Redis reads. */
export function newRedisAcl(random: RandomBytes): Readonly<Record<string, string>> {
  const passwords = Object.fromEntries(
    [...REDIS_SERVICES, REDIS_SIDECAR].map((name) => [name, random(32).toString("base64url")]),
  );
  const rules = Object.entries(passwords).map(([name, password]) =>
    name === REDIS_SIDECAR ? sidecarRule(password) : serviceRule(name, password),
  );
  return { ...passwords, "users.acl": `${["user default off", ...rules].join("\n")}\n` };
}
