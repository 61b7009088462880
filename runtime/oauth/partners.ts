import type { Shard } from "../../crds/shard.ts";
import type { ListedPartner, PartnerDirectory } from "../service/shards.ts";

/** The partners this stack serves now, by the last roster and shards. A suspended or removed one is not among them. */
export interface Partners {
  byClientId(clientId: string): Shard | undefined;
  /** By the SHA-256 of a certificate's DER, base64url; undefined for a certificate that was revoked or is not known. */
  byThumbprint(thumbprint: string): Shard | undefined;
}

/** Partners by a directory that follows the operator. */
export function partnersOf(directory: Pick<PartnerDirectory, "partner" | "byThumbprint">): Partners {
  const live = (partner: ListedPartner | undefined): Shard | undefined =>
    partner === undefined || partner.suspended ? undefined : partner.shard;
  return {
    byClientId: (clientId) => live(directory.partner(clientId)),
    byThumbprint: (thumbprint) => live(directory.byThumbprint(thumbprint)),
  };
}
