import { createPrivateKey, X509Certificate } from "node:crypto";
import { join } from "node:path";
import type { Log } from "./logger.ts";
import { watchFiles } from "./watched-files.ts";

/** What a process proves itself with, and what it asks of others. All PEM. */
export interface IdentityMaterial {
  readonly key: string;
  /** Its certificate, then the intermediates. */
  readonly cert: string;
  /** Roots of the services of this region. */
  readonly ca: string;
}

/** A process's name in service-to-service TLS; renewed while it runs. */
export interface ServiceIdentity {
  current(): IdentityMaterial;
  /** Calls back after each renewal. Returns how to stop that. */
  onChange(listener: () => void): () => void;
  stop(): void;
}

/** The same identity towards somebody whose certificate is of another root (PEM); its own root when there is none. */
export function trusting(identity: ServiceIdentity, ca: string | undefined): ServiceIdentity {
  if (ca === undefined) return identity;
  return {
    current: () => ({ ...identity.current(), ca }),
    onChange: (listener) => identity.onChange(listener),
    stop: () => identity.stop(),
  };
}

/**
 * An identity in a folder with `tls.key`, `tls.crt` and `ca.crt`: for tests, and for processes outside Kubernetes.
 *
 * Followed when the files change.
 *
 * @throws when a file is missing, or the key is not the certificate's.
 */
export function fileIdentity(
  folder: string,
  { log, everyMs }: { readonly log: Log; readonly everyMs?: number },
): ServiceIdentity {
  const paths = {
    key: join(folder, "tls.key"),
    cert: join(folder, "tls.crt"),
    ca: join(folder, "ca.crt"),
  };
  return watchFiles<"key" | "cert" | "ca">(paths, {
    log,
    check: checkPair,
    ...(everyMs === undefined ? {} : { everyMs }),
  });
}

/**
 * Makes sure that a key is the certificate's own.
 *
 * @throws Error when it is not; a pair of which one half is new looks like that for a moment.
 */
export function checkPair({ key, cert }: { readonly key: string; readonly cert: string }): void {
  const certificate = new X509Certificate(cert);
  if (!certificate.checkPrivateKey(createPrivateKey(key))) {
    throw new Error(
      `The key is not that of the certificate of ${certificate.subject}; write both files again.`,
    );
  }
}

/** The first name in a certificate's subject, or undefined: `CN=gateway.stack-ke` → `gateway.stack-ke`. */
export function commonNameOf(certificate: X509Certificate): string | undefined {
  return /^CN=(.+)$/m.exec(certificate.subject)?.[1];
}
