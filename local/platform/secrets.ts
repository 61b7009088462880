import type { KeyPair } from "../toolchain/certificate.ts";
import type { Trust } from "./trust.ts";

/** A Kubernetes object as it is sent to `kubectl apply`. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

function tlsSecret(namespace: string, name: string, { certificate, key }: KeyPair): Manifest {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace },
    type: "kubernetes.io/tls",
    stringData: { "tls.crt": certificate, "tls.key": key },
  };
}

function bundle(namespace: string, name: string, certificates: string): Manifest {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace },
    data: { "ca.crt": certificates },
  };
}

/** Keys and trust of the hub: the partner intermediate for its signer, what partners' certificates hang from, the hosts' certificates. */
export function hubSecrets({ partner, hosts }: Trust): readonly Manifest[] {
  const intermediate = { certificate: partner.intermediateCertificate, key: partner.intermediateKey };
  return [
    tlsSecret("wekeza-signer", "partner-ca", intermediate),
    bundle(
      "wekeza-system",
      "partner-ca",
      `${partner.rootCertificate.trim()}\n${partner.intermediateCertificate.trim()}\n`,
    ),
    ...Object.entries(hosts).map(([name, pair]) => tlsSecret("wekeza-hosts", name, pair)),
  ];
}

/** Keys and trust of a region: its service authority for its signer, and the public half for everyone. */
export function regionSecrets({ service }: Trust, region: string): readonly Manifest[] {
  const pair = service[region];
  if (pair === undefined) throw new Error(`No service authority was made for region ${region}.`);
  return [
    tlsSecret("wekeza-region", "service-ca", pair),
    bundle("wekeza-region", "service-ca", pair.certificate),
  ];
}
