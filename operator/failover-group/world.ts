import type { RetiringAuthority } from "../signed/trust-bundle.ts";
import type { RegionSpec } from "../../crds/region.ts";
import type { ShardTrust } from "../../crds/shard.ts";
import type { DnsRecord } from "../ports/dns.ts";
import type { ApiServerAddress, StackImages } from "../stack/stack.ts";
import type { Observed } from "./component.ts";
import type { LeftPod } from "./left-pods.ts";
import type { Installed } from "./upgrade.ts";

/** A region as a group sees it. */
export interface Member {
  readonly name: string;
  /** Absent: no such Region. */
  readonly spec?: RegionSpec | undefined;
  /** True while it is being deleted. */
  readonly leaving: boolean;
}

/** What another group claims, and what it and its partners' own gateways run. */
export interface Neighbour extends Installed {
  /** RFC 3339; the older group keeps a host that two claim. */
  readonly created: string;
  readonly hosts: readonly string[];
}

/** A partner of the group that is to have gateways of its own, or has had. */
export interface Tenant {
  readonly clientId: string;
  /** `namespace/name` of the Partner. */
  readonly partner: string;
  /** Whether its tier says so now. */
  readonly dedicated: boolean;
  /** What is in its namespace, and the Jobs of the stack. */
  readonly observed: Observed;
  /** Whether gateways of its own are there, and all of them have its newest shard. */
  readonly served: boolean;
  /** Requests a second of each live gateway of its own that says so. */
  readonly requests: readonly number[];
}

/** What a volume was made with, which it keeps: a claim template cannot change. */
export interface MadeVolume {
  readonly storage: string;
  /** Absent: the default of the cluster. */
  readonly storageClass?: string | undefined;
}

/** What was read in the cluster of the active region. */
export interface RegionWorld {
  /** Name under which the kit knows the cluster. */
  readonly cluster: string;
  /** Root of its service certificates, PEM; absent: the region has none yet. */
  readonly serviceCa?: string | undefined;
  readonly apiServer: readonly ApiServerAddress[];
  /** ServiceAccount the operator acts as there. */
  readonly operator: { readonly namespace: string; readonly name: string };
  /** What the volumes that are there were made with. */
  readonly made: {
    readonly postgres?: MadeVolume | undefined;
    readonly replicas?: MadeVolume | undefined;
    readonly kafka?: Pick<MadeVolume, "storageClass"> | undefined;
  };
  readonly observed: Observed;
  /** Pods that stand in the way of those that are to take their places. */
  readonly leftPods?: readonly LeftPod[] | undefined;
  /** Partners whose own gateways are here, or are to be. */
  readonly tenants: readonly Tenant[];
  /** Requests a second of each live gateway that says so. */
  readonly requests?: readonly number[] | undefined;
  /** Authorities of partners' certificates that its stack trusts now, PEM; absent: it is not there yet. */
  readonly trusts?: string | undefined;
}

/** Everything a group's plan depends on, read once. */
export interface World {
  readonly members: readonly Member[];
  readonly neighbours: readonly Neighbour[];
  /** Absent: the active region's cluster cannot be reached; then why. */
  readonly region?: RegionWorld | undefined;
  readonly unreachable?: string | undefined;
  /** Server certificate for the hosts, base64 as in its Secret. */
  readonly hostTls?: { readonly certificate: string; readonly key: string } | undefined;
  /** Authorities of partners' certificates that the stack trusts, PEM. */
  readonly partnerCa?: string | undefined;
  /** Those of them that go as soon as nobody needs them. */
  readonly retiring: readonly RetiringAuthority[];
  readonly trust: ShardTrust;
  /** Why nothing can be signed for the stack now; undefined while all is well. */
  readonly unsigned?: string | undefined;
  readonly images: StackImages;
  /** Namespaces where things come from, for messages. */
  readonly namespaces: { readonly hosts: string; readonly system: string; readonly region: string };
  /** What the name server says of this group's names. */
  readonly records: readonly DnsRecord[];
  /** True when the name server says what no group wants: a hand was there. */
  readonly foreignRecords: boolean;
}
