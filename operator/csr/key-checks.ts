import { createPublicKey, type KeyObject, verify } from "node:crypto";
import type { AllowedRequest, CsrFinding } from "./finding.ts";
import type { CertificateRequest } from "./request.ts";

/** Signature algorithms accepted, by object identifier: what to hash with, and which kind of key signs. */
const SIGNATURES: Readonly<Record<string, { readonly hash: string; readonly key: "ec" | "rsa" }>> = {
  "1.2.840.10045.4.3.2": { hash: "sha256", key: "ec" },
  "1.2.840.10045.4.3.3": { hash: "sha384", key: "ec" },
  "1.2.840.10045.4.3.4": { hash: "sha512", key: "ec" },
  "1.2.840.113549.1.1.11": { hash: "sha256", key: "rsa" },
  "1.2.840.113549.1.1.12": { hash: "sha384", key: "rsa" },
  "1.2.840.113549.1.1.13": { hash: "sha512", key: "rsa" },
};

/** Signature algorithms that are sent but not taken, by name, so that the refusal says what was used. */
const REFUSED: Readonly<Record<string, string>> = {
  "1.2.840.10045.4.1": "ECDSA with SHA-1",
  "1.2.840.113549.1.1.4": "RSA with MD5",
  "1.2.840.113549.1.1.5": "RSA with SHA-1",
  "1.2.840.113549.1.1.10": "RSA-PSS",
};

/** The key itself: EC P-256, or RSA of 2048 to 4096 bits where allowed. */
export function publicKeyFinding(
  request: CertificateRequest,
  allowed: AllowedRequest,
): CsrFinding | undefined {
  const advice = allowed.rsa ? "EC P-256, or RSA of 2048 to 4096 bits" : "EC P-256";
  const refuse = (found: string): CsrFinding => ({
    check: "publicKey",
    message: `The public key is ${found}; use ${advice}.`,
  });
  const key = publicKeyOf(request);
  if (key === undefined) return refuse("not one that can be read");
  const { namedCurve, modulusLength = 0, publicExponent } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "ec") {
    if (namedCurve !== "prime256v1")
      return refuse(`EC on curve ${namedCurve ?? "with parameters of its own"}`);
  } else if (key.asymmetricKeyType === "rsa") {
    const fits = allowed.rsa && modulusLength >= 2048 && modulusLength <= 4096;
    if (!fits) return refuse(`RSA of ${modulusLength} bits`);
    if (publicExponent !== 65_537n) return refuse("RSA with an exponent other than 65537");
  } else {
    return refuse(`of type ${key.asymmetricKeyType ?? "unknown"}`);
  }
  // A compressed point, explicit curve parameters (RFC 5480 section 2.1.1) or odd RSA parameters would be copied into the
  // certificate as they are. By way of a JWK only the usual form comes out again.
  const usual = createPublicKey({ key: key.export({ format: "jwk" }), format: "jwk" });
  const standard = usual.export({ type: "spki", format: "der" }).equals(request.publicKey);
  return standard ? undefined : refuse("encoded in an unusual form");
}

/** The signature's algorithm: SHA-2 only, and of the key's own kind. */
export function signatureAlgorithmFinding({
  signatureAlgorithm,
}: CertificateRequest): CsrFinding | undefined {
  if (SIGNATURES[signatureAlgorithm]) return undefined;
  return {
    check: "signatureAlgorithm",
    message: `The request is signed with ${REFUSED[signatureAlgorithm] ?? `algorithm ${signatureAlgorithm}`}; sign it with ECDSA or RSA (PKCS #1 v1.5) and SHA-256.`,
  };
}

/** Proof of possession: the request is signed by the key in it (RFC 2986 section 4.2). */
export function signatureFinding(request: CertificateRequest): CsrFinding | undefined {
  const algorithm = SIGNATURES[request.signatureAlgorithm];
  const key = publicKeyOf(request);
  const proven =
    algorithm !== undefined &&
    key?.asymmetricKeyType === algorithm.key &&
    verify(algorithm.hash, request.signed, key, request.signature);
  if (proven) return undefined;
  return {
    check: "signature",
    message:
      "The request's signature was not made by the key in it; make the request with the key it is for.",
  };
}

function publicKeyOf(request: CertificateRequest): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(request.publicKey), format: "der", type: "spki" });
  } catch {
    return undefined;
  }
}
