import { Type } from "typebox";

/** JWK members that only a private or symmetric key has (RFC 7518 section 6). */
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "k"] as const;

/** A public signing key of a partner; a private one is refused with words, not dropped in silence. */
export const PartnerKey = Type.Object(
  {
    kty: Type.Enum(["EC", "OKP", "RSA"], { type: "string", description: "Key type." }),
    kid: Type.String({ minLength: 1, maxLength: 128, description: "Key id, unique in the set." }),
    alg: Type.Optional(
      Type.Enum(["ES256", "PS256", "EdDSA"], { type: "string", description: "Only FAPI 2.0 algorithms." }),
    ),
    use: Type.Optional(Type.Enum(["sig"], { type: "string", description: "Signing keys only." })),
    crv: Type.Optional(
      Type.Enum(["P-256", "Ed25519"], { type: "string", description: "Curve of an EC or OKP key." }),
    ),
    x: Type.Optional(Type.String({ maxLength: 128, description: "Public coordinate, base64url." })),
    y: Type.Optional(Type.String({ maxLength: 128, description: "Public coordinate, base64url." })),
    n: Type.Optional(
      Type.String({ maxLength: 1400, description: "RSA modulus, base64url; 2048 bits or more." }),
    ),
    e: Type.Optional(Type.String({ maxLength: 16, description: "RSA exponent, base64url." })),
    // Without these the API server would drop a private key silently, and its owner would not learn that it was sent.
    ...Object.fromEntries(
      PRIVATE_MEMBERS.map((name) => [
        name,
        Type.Optional(Type.String({ maxLength: 2800, description: "Refused: private." })),
      ]),
    ),
  },
  {
    description: "A public key, RFC 7517. Private members are refused: your private key stays with you.",
    "x-kubernetes-validations": [
      {
        rule: "!(has(self.d) || has(self.p) || has(self.q) || has(self.dp) || has(self.dq) || has(self.qi) || has(self.k))",
        message:
          "Keep private keys to yourself: remove d, p, q, dp, dq, qi and k from every key, and make a new key pair.",
      },
      {
        rule: "self.kty != 'EC' || (has(self.x) && has(self.y) && has(self.crv) && self.crv == 'P-256')",
        message: `An EC key needs crv P-256, x and y; in YAML quote the last one ("y":), which YAML 1.1 reads as true.`,
      },
      {
        rule: "self.kty != 'OKP' || (has(self.x) && has(self.crv) && self.crv == 'Ed25519')",
        message: "An OKP key needs crv Ed25519 and x.",
      },
      { rule: "self.kty != 'RSA' || (has(self.n) && has(self.e))", message: "An RSA key needs n and e." },
    ],
  },
);
