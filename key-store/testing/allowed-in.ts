import { generateKeyPairSync } from "node:crypto";
import { SignJWT } from "jose";
import type { OpenBaoServer } from "../../local/testing/openbao.ts";
import type { OpenBaoOptions } from "../open-bao/client.ts";

/**
 * Lets a test's process use the transit engine of a new OpenBao, and says how.
 *
 * Its tokens are signed by a key that OpenBao is told, instead of being reviewed by a cluster: that is the one difference to the
 * Kubernetes method, which has a test of its own. Deadlines are those of a machine with other work.
 *
 * @param may capabilities by path, below the mount.
 */
export async function allowedIn(
  { address, caBundle, root }: OpenBaoServer,
  may: Readonly<Record<string, readonly string[]>> = {
    "keys/*": ["read"],
    "sign/*": ["update"],
    "decrypt/*": ["update"],
  },
): Promise<OpenBaoOptions> {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  await root("POST", "sys/mounts/transit", { type: "transit" });
  await root("POST", "sys/auth/pods", { type: "jwt" });
  await root("POST", "auth/pods/config", {
    jwt_validation_pubkeys: [publicKey.export({ type: "spki", format: "pem" })],
  });
  const policy = Object.entries(may).map(
    ([path, capabilities]) => `path "transit/${path}" { capabilities = ${JSON.stringify(capabilities)} }`,
  );
  await root("POST", "sys/policies/acl/signer", { policy: policy.join("\n") });
  await root("POST", "auth/pods/role/signer", {
    role_type: "jwt",
    user_claim: "sub",
    bound_audiences: ["openbao"],
    token_policies: ["signer"],
  });
  return {
    address,
    caBundle,
    mount: "transit",
    auth: "pods",
    role: "signer",
    deadlineMs: 60_000,
    attemptMs: 30_000,
    serviceAccountToken: () =>
      new SignJWT({ sub: "pod", aud: "openbao" })
        .setProtectedHeader({ alg: "ES256" })
        .setIssuedAt()
        .setNotBefore("1m ago")
        .setExpirationTime("1h")
        .sign(privateKey),
  };
}
