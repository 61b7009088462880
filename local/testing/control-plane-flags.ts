import { join } from "node:path";
import { stringify } from "yaml";
import { flags } from "../toolchain/flags.ts";

/** One line per request, without bodies. */
export const AUDIT_POLICY = stringify({
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [{ level: "Metadata" }],
});

/** Flags of an etcd that lives as long as a test and therefore never waits for the disk. */
export function etcdFlags(dir: string, port: number, peerPort: number): readonly string[] {
  const [client, peer] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${peerPort}`];
  return flags({
    name: "test",
    "data-dir": join(dir, "etcd"),
    "unsafe-no-fsync": true,
    "log-level": "warn",
    "listen-client-urls": client,
    "advertise-client-urls": client,
    "listen-peer-urls": peer,
    "initial-advertise-peer-urls": peer,
    "initial-cluster": `test=${peer}`,
  });
}

/** Flags of kube-apiserver; the files they name are in `dir`. */
export function apiServerFlags(
  dir: string,
  port: number,
  etcdPort: number,
  auditLog?: string,
): readonly string[] {
  const audit = {
    "audit-policy-file": join(dir, "audit-policy.yaml"),
    "audit-log-path": auditLog ?? "",
    // Lines are in the file before the answer is on the wire, so a test can count them.
    "audit-log-mode": "blocking",
  };
  return flags({
    "etcd-servers": `http://127.0.0.1:${etcdPort}`,
    "bind-address": "127.0.0.1",
    "secure-port": port,
    "tls-cert-file": join(dir, "apiserver.crt"),
    "tls-private-key-file": join(dir, "apiserver.key"),
    "client-ca-file": join(dir, "ca.crt"),
    "authorization-mode": "RBAC",
    "anonymous-auth": false,
    "service-account-key-file": join(dir, "sa.pub"),
    "service-account-signing-key-file": join(dir, "sa.key"),
    "service-account-issuer": "https://kubernetes.default.svc",
    "service-cluster-ip-range": "10.0.0.0/24",
    // Nothing but this control plane answers its endpoints, and a loopback address may not be advertised.
    "endpoint-reconciler-type": "none",
    profiling: false,
    "shutdown-delay-duration": "0s",
    ...(auditLog === undefined ? {} : audit),
  });
}

/** Flags of kube-controller-manager. */
export function controllerManagerFlags(dir: string): readonly string[] {
  const config = join(dir, "admin.kubeconfig");
  return flags({
    kubeconfig: config,
    "authentication-kubeconfig": config,
    "authorization-kubeconfig": config,
    "service-account-private-key-file": join(dir, "sa.key"),
    "root-ca-file": join(dir, "ca.crt"),
    "cluster-signing-cert-file": join(dir, "ca.crt"),
    "cluster-signing-key-file": join(dir, "ca.key"),
    "use-service-account-credentials": true,
    "leader-elect": false,
    "secure-port": 0,
  });
}
