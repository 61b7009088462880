import { EXTENDED_KEY_USAGE } from "../csr/finding.ts";
import {
  PARTNER_SECONDS,
  partnerHost,
  SERVICE_SECONDS,
  type ServiceIdentity,
  serviceDnsNames,
} from "../csr/names.ts";

/** Everything a leaf certificate says beside its key; nothing of it comes from the request. */
export interface LeafProfile {
  readonly commonName: string;
  readonly dnsNames: readonly string[];
  readonly uris: readonly string[];
  /** Object identifiers. */
  readonly extendedKeyUsages: readonly string[];
  /** Longest life, in seconds. */
  readonly maxSeconds: number;
}

/** A partner's transport certificate: it is a client, under its client id. */
export function partnerProfile(clientId: string, zone: string): LeafProfile {
  const host = partnerHost(clientId, zone);
  return {
    commonName: clientId,
    dnsNames: [host],
    // A URI with a host is checked against the CA's name constraints; a urn: fails that check.
    uris: [`https://${host}`],
    extendedKeyUsages: [EXTENDED_KEY_USAGE.clientAuth],
    maxSeconds: PARTNER_SECONDS,
  };
}

/** A service's certificate: server and client, under its ServiceAccount's name. */
export function serviceProfile(identity: ServiceIdentity): LeafProfile {
  return {
    commonName: `${identity.serviceAccount}.${identity.namespace}`,
    dnsNames: serviceDnsNames(identity),
    uris: [],
    extendedKeyUsages: [EXTENDED_KEY_USAGE.clientAuth, EXTENDED_KEY_USAGE.serverAuth],
    maxSeconds: SERVICE_SECONDS,
  };
}

/** From when until when a certificate holds. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Clocks may differ by this much, in ms, before a fresh certificate is refused. */
const BACKDATED_MS = 60_000;

/**
 * Life of a certificate made now: as asked, within the profile's longest and within its issuer's own.
 *
 * Undefined when the issuer does not hold for another minute: a certificate that is born expired helps nobody.
 */
export function validityFor(
  now: Date,
  asked: { readonly maxSeconds: number; readonly expirationSeconds?: number | undefined },
  issuer: Validity,
): Validity | undefined {
  const second = Math.floor(now.getTime() / 1000) * 1000;
  const seconds = Math.min(asked.maxSeconds, asked.expirationSeconds ?? asked.maxSeconds);
  const notBefore = Math.max(second - BACKDATED_MS, issuer.notBefore.getTime());
  const notAfter = Math.min(second + seconds * 1000, issuer.notAfter.getTime());
  if (notBefore > second || notAfter < second + BACKDATED_MS) return undefined;
  return { notBefore: new Date(notBefore), notAfter: new Date(notAfter) };
}
