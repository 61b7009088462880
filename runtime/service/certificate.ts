import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "../../kube/client.ts";
import { certificateSigningRequests } from "../../kube/resources.ts";
import { certificateRequest } from "./csr.ts";
import { fileIdentity, type IdentityMaterial, type ServiceIdentity } from "./identity.ts";
import type { Log } from "./logger.ts";
import { watchFiles } from "./watched-files.ts";

/** The signer of each region that names its services. */
export const SERVICE_SIGNER = "openbanking.wekeza.io/service";
/** Life asked for, in seconds. */
const LIFE_SECONDS = 86_400;
/** How long one request may wait for its certificate, in ms, before a new one is made. */
const PATIENCE_MS = 60_000;

/** Who a pod is, and where it asks. */
export interface PodIdentityOptions {
  readonly client: Client;
  /** ServiceAccount the pod runs as; its name among services. */
  readonly service: string;
  readonly namespace: string;
  /** File with the roots of the services' certificates. */
  readonly caFile: string;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** The DNS names a service's certificate carries. */
export function serviceNames(service: string, namespace: string): readonly string[] {
  const name = `${service}.${namespace}`;
  return [service, name, `${name}.svc`, `${name}.svc.cluster.local`];
}

/** When to ask for the next certificate: at two thirds of this one's life, in ms since 1970. */
export function renewalTime(certificate: X509Certificate): number {
  const from = certificate.validFromDate.getTime();
  return from + ((certificate.validToDate.getTime() - from) * 2) / 3;
}

/**
 * A pod's own identity: a key that never leaves this process, and a certificate asked of the region's signer through a
 * CertificateSigningRequest; renewed at two thirds of its life.
 *
 * Waits until the first certificate is there. A renewal that fails is tried again each minute; the old certificate stays.
 *
 * @throws Error when the request is denied, with the signer's words, or `signal` aborts.
 */
export async function podIdentity(options: PodIdentityOptions): Promise<ServiceIdentity> {
  const { log, signal, caFile } = options;
  const roots = watchFiles({ ca: caFile }, { log });
  let pair = await requestPatiently(options);
  const listeners = new Set<() => void>();
  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  roots.onChange(changed);
  const end = new AbortController();
  const until = AbortSignal.any([signal, end.signal]);
  const renew = async (): Promise<void> => {
    while (!until.aborted) {
      const wait = renewalTime(new X509Certificate(pair.cert)) - Date.now();
      await delay(Math.max(1_000, Math.min(wait, 3_600_000)), undefined, { signal: until, ref: false });
      if (wait > 3_600_000) continue;
      try {
        pair = await requestCertificate(options, until);
        log.info({ expires: new X509Certificate(pair.cert).validTo }, "certificate renewed");
        changed();
      } catch (error) {
        if (until.aborted) return;
        log.error({ err: error }, "certificate not renewed");
        await delay(PATIENCE_MS, undefined, { signal: until, ref: false });
      }
    }
  };
  renew().catch((error: unknown) => {
    if (!until.aborted) log.error({ err: error }, "certificate renewal ended");
  });
  return {
    current: () => ({ ...pair, ca: roots.current().ca }),
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    stop() {
      end.abort();
      roots.stop();
    },
  };
}

type Pair = Pick<IdentityMaterial, "key" | "cert">;

/** Asks until there is a certificate: at start the signer or the API server may be younger than this pod. */
async function requestPatiently(options: PodIdentityOptions): Promise<Pair> {
  for (;;) {
    try {
      return await requestCertificate(options, options.signal);
    } catch (error) {
      if (options.signal.aborted || error instanceof CertificateDenied) throw error;
      options.log.warn({ err: error }, "no certificate yet");
      await delay(2_000, undefined, { signal: options.signal });
    }
  }
}

/** The signer will not sign for this pod, whatever it waits. */
export class CertificateDenied extends Error {
  override readonly name = "CertificateDenied";
}

/** One request from a new key to a certificate. */
async function requestCertificate(
  { client, service, namespace }: PodIdentityOptions,
  signal: AbortSignal,
): Promise<Pair> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const request = certificateRequest(privateKey, `${service}.${namespace}`, serviceNames(service, namespace));
  const { apiVersion, kind } = certificateSigningRequests;
  const created = await client.create(
    certificateSigningRequests,
    {
      apiVersion,
      kind,
      // The kit's type wants a name; the API server makes one when it is empty and generateName is set.
      metadata: { name: "", generateName: "svc-" } as { readonly name: string },
      spec: {
        request: Buffer.from(request).toString("base64"),
        signerName: SERVICE_SIGNER,
        expirationSeconds: LIFE_SECONDS,
        usages: ["digital signature", "client auth", "server auth"],
      },
    },
    { signal },
  );
  const { name } = created.metadata;
  for (let waited = 0; waited < PATIENCE_MS; waited += 250) {
    await delay(250, undefined, { signal });
    const { status } = (await client.get(certificateSigningRequests, { name }, { signal })) ?? {};
    const no = status?.conditions?.find(({ type }) => type === "Denied" || type === "Failed");
    if (no !== undefined) {
      throw new CertificateDenied(
        `Certificate request ${name} was refused: ${no.message ?? no.reason ?? no.type}`,
      );
    }
    if (status?.certificate !== undefined) {
      return {
        key: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
        cert: Buffer.from(status.certificate, "base64").toString("utf8"),
      };
    }
  }
  throw new Error(`Certificate request ${name} waited ${PATIENCE_MS / 1000} s for its signer.`);
}

/**
 * The identity of this process: the folder WEKEZA_IDENTITY_DIR names, or the pod's own.
 *
 * @param client asked for only in a pod.
 */
export async function serviceIdentity({
  env,
  client,
  ...options
}: Omit<PodIdentityOptions, "client" | "caFile"> & {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly client: () => Promise<Client>;
}): Promise<ServiceIdentity> {
  const folder = env["WEKEZA_IDENTITY_DIR"];
  if (folder !== undefined && folder !== "") return fileIdentity(folder, { log: options.log });
  const caFile = env["WEKEZA_SERVICE_CA"] ?? "/etc/wekeza/service-ca/ca.crt";
  return podIdentity({ ...options, client: await client(), caFile });
}
