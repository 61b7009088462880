import type { AuthorityKeyStore, SigningKeyStore } from "./key-store.ts";

/** A cluster's API server as a pod reaches it: a network and a port. */
export interface ApiServerAddress {
  /** As `10.96.0.1/32`. */
  readonly cidr: string;
  readonly port: number;
}

/** Where an API server may be when an installation does not say. */
export const ANY_API_SERVER: readonly ApiServerAddress[] = [
  { cidr: "0.0.0.0/0", port: 443 },
  { cidr: "0.0.0.0/0", port: 6443 },
];

/** Images that an installation runs; tags are content hashes. */
export interface Images {
  /** Every TypeScript process. */
  readonly wekeza: string;
  readonly postgres: string;
  readonly redis: string;
  /** Needed by Regions with a stream. */
  readonly kafka?: string;
}

/** What is installed into the hub. */
export interface HubSettings {
  readonly images: Images & { readonly coredns: string };
  /** Zone the hub's name server answers for, such as `openbanking.test`. */
  readonly zone: string;
  /** Address the name server asks its load balancer for; absent: any. */
  readonly nameServerAddress?: string;
  /** Where pods of the hub reach its API server; absent: anywhere, on 443 and 6443. */
  readonly apiServer?: readonly ApiServerAddress[];
  /** Where the partner CA's key is; absent: in the Secret `wekeza-signer/partner-ca`, beside its certificate. */
  readonly keyStore?: AuthorityKeyStore;
  /** Where the operator's key is; absent: in the Secret `wekeza-system/shard-signing-key`, which it makes. */
  readonly operatorKeyStore?: SigningKeyStore;
  /** Whether the partner requests of the namespace `partners` need no person. Default false. */
  readonly automaticApproval?: boolean;
}

/** What is installed into a region's cluster; into the hub too, where it runs stacks of its own. */
export interface RegionSettings {
  readonly images: Pick<Images, "wekeza">;
  /** Where the service CA's key is; absent: in the Secret `wekeza-region/service-ca`, beside its certificate. */
  readonly keyStore?: AuthorityKeyStore;
  readonly apiServer?: readonly ApiServerAddress[];
  /** True where the region's cluster is the hub: the operator acts as itself. */
  readonly hub?: boolean;
}

/** Namespaces of the contract between the installation and the operator. */
export const NAMESPACE = {
  system: "wekeza-system",
  signer: "wekeza-signer",
  approver: "wekeza-approver",
  dns: "wekeza-dns",
  hosts: "wekeza-hosts",
  partners: "partners",
  region: "wekeza-region",
} as const;

/** The operator's ServiceAccount, in `wekeza-system` of the hub and in `wekeza-region` of every other region. */
export const OPERATOR = "wekeza-operator";
