/**
 * How an API server keeps Secrets in etcd: sealed with XSalsa20-Poly1305 under a key that etcd never sees.
 *
 * @param secret 32 octets, base64.
 */
export function encryption(secret: string): object {
  return {
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "EncryptionConfiguration",
    resources: [
      {
        resources: ["secrets"],
        providers: [{ secretbox: { keys: [{ name: "first", secret }] } }, { identity: {} }],
      },
    ],
  };
}
