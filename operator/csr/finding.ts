/** Names of the checks a certification request passes, in the order they are made. */
export type CsrCheck =
  | "size"
  | "pem"
  | "der"
  | "publicKey"
  | "signatureAlgorithm"
  | "signature"
  | "subject"
  | "attributes"
  | "extensions"
  | "basicConstraints"
  | "keyUsage"
  | "extendedKeyUsage"
  | "subjectAltName";

/** Why a certification request is refused: the attribute, and what to write instead. */
export interface CsrFinding {
  readonly check: CsrCheck;
  readonly message: string;
}

/** What one certification request may ask for. Asking for less is fine: the certificate is built from this, not from the request. */
export interface AllowedRequest {
  /** The only common name accepted; absent: any, since it is replaced. */
  readonly commonName?: string;
  readonly dnsNames: readonly string[];
  readonly uris: readonly string[];
  /** Object identifiers of the extended key usages that may be asked for. */
  readonly extendedKeyUsages: readonly string[];
  /** RSA of 2048 to 4096 bits beside EC P-256. */
  readonly rsa: boolean;
}

/** Extended key usages (RFC 5280 section 4.2.1.12). */
export const EXTENDED_KEY_USAGE = {
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
} as const;
