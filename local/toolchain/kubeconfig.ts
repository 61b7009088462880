import { stringify } from "yaml";
import type { KeyPair } from "./certificate.ts";

/** One user's way into one cluster. */
export interface Access {
  /** Name of cluster, context and user in the file. */
  readonly name: string;
  /** As "https://10.64.0.11:6443". */
  readonly server: string;
  /** PEM. */
  readonly authority: string;
  readonly user: KeyPair;
}

/** A kubeconfig file with everything in it, so that it can be moved or put into a Secret. */
export function kubeconfig({ name, server, authority, user }: Access): string {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": name,
    clusters: [{ name, cluster: { server, "certificate-authority-data": base64(authority) } }],
    users: [
      {
        name,
        user: { "client-certificate-data": base64(user.certificate), "client-key-data": base64(user.key) },
      },
    ],
    contexts: [{ name, context: { cluster: name, user: name } }],
  });
}
