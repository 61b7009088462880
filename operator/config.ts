import { Type, type Static } from "typebox";
import { Value } from "typebox/value";

const Reference = Type.String({ minLength: 1, description: "Image reference; its tag is a content hash." });

/** What an installation tells the operator. */
export const OperatorConfig = Type.Object({
  /** Images of every stack. */
  images: Type.Object({
    wekeza: Reference,
    postgres: Reference,
    redis: Reference,
    /** Needed by Regions with a stream. */
    kafka: Type.Optional(Reference),
  }),
  /** Zone of host names the platform gives out itself, such as those of a Region's own group. */
  zone: Type.String({ default: "openbanking.test" }),
  /** Zone of partners' certificate names; the signer's is the same. */
  partnerZone: Type.String({ default: "partners.openbanking.test" }),
  namespaces: Type.Object(
    {
      /** The operator's own: kubeconfig Secrets of regions, its signing key, its Lease, the partner CA's public chain. */
      system: Type.String({ default: "wekeza-system" }),
      /** TLS Secrets of host names. */
      hosts: Type.String({ default: "wekeza-hosts" }),
      /** The name server and its records. */
      dns: Type.String({ default: "wekeza-dns" }),
      /** In every region: service signer, service CA, the operator's account. */
      region: Type.String({ default: "wekeza-region" }),
    },
    { default: {} },
  ),
  /** The bank's risk service; absent: what gateways see of their callers is all that is known. */
  risk: Type.Optional(
    Type.Object({
      /** Address of the operation `partnerScores` of `docs/contracts/wekeza-risk.v1.yaml`. */
      url: Type.String({ pattern: "^https?://" }),
    }),
  ),
  /** Reconciles at one time, of each kind. */
  concurrency: Type.Integer({ minimum: 1, maximum: 64, default: 8 }),
});
export type OperatorConfig = Static<typeof OperatorConfig>;

/**
 * The configuration in a JSON text, with defaults filled in.
 *
 * @param source where it came from, for the message.
 * @throws Error naming every field at fault.
 */
export function parseOperatorConfig(text: string, source: string): OperatorConfig {
  const value: unknown = Value.Default(OperatorConfig, JSON.parse(text));
  if (Value.Check(OperatorConfig, value)) return value;
  const faults = Value.Errors(OperatorConfig, value).map(
    ({ instancePath, message }) => `${instancePath === "" ? "/" : instancePath} ${message}`,
  );
  throw new Error(`${source} is not a valid configuration: ${faults.join("; ")}`);
}
