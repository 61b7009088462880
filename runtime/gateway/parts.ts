import type { Log } from "../service/logger.ts";
import type { MessageSigner } from "../service/jws-signature.ts";
import type { Upstream } from "../service/mtls-client.ts";
import type { PartnerDirectory } from "../service/shards.ts";
import type { AccessLog } from "./access-log.ts";
import type { Admission } from "./admission.ts";
import type { Consents } from "./consents.ts";
import type { Ended } from "./ended.ts";
import type { EstParts } from "./est.ts";
import type { CallMetrics } from "./metrics.ts";
import type { Refusal, RefusalDetails } from "./refusal.ts";
import type { UpstreamName } from "./route.ts";
import type { Tokens } from "./tokens.ts";

/** What a gateway is put together from. */
export interface GatewayParts {
  /** Host served, `hosts.api`. */
  readonly host: string;
  readonly directory: PartnerDirectory;
  readonly tokens: Tokens;
  readonly consents: Consents;
  /** Grants that ended before their consent did. */
  readonly grants: Pick<Ended, "has">;
  /** How old the news of revocations are, in ms. */
  readonly revocationsAgeMs: () => number;
  readonly admission: Admission;
  /** Renewal of certificates by partners themselves. */
  readonly est: EstParts;
  /** One that the stack does not have is answered for as unavailable. */
  readonly upstreams: Readonly<Partial<Record<UpstreamName, Upstream>>>;
  /** Signs answers about payments. @throws KeyStoreError while its store has not told of its key. */
  readonly signer: () => MessageSigner;
  readonly accessLog: AccessLog;
  readonly metrics: CallMetrics;
  readonly log: Log;
  /** Wall clock, in ms since 1970. */
  readonly now: () => number;
  /** Milliseconds that never go back. */
  readonly clock: () => number;
}

/** A call under way: what is found out about it on its way. */
export interface Call {
  readonly interactionId: string;
  /** Whose words its refusals speak; Open Banking UK unless told. */
  readonly dialect: RefusalDetails["dialect"];
  /** `X-Request-ID`, to be repeated. */
  readonly requestId: string | undefined;
  clientId: string;
  route: string;
  /** Whether what is answered is signed. */
  signed: boolean;
  refusal: Refusal | "";
  consentId: string;
  upstreamMs: number;
  retryAfter: number | undefined;
  allow: readonly string[] | undefined;
}
