import type { ListedPartner } from "../service/shards.ts";
import type { ConsentSnapshot } from "../service/consent-snapshot.ts";
import type { VerifiedToken } from "./access-token.ts";
import type { EstMatch } from "./est.ts";
import type { Refusal } from "./refusal.ts";
import { ROLE_OF, type Route, type RouteMatch } from "./route.ts";

/** A call before its token is looked at. Times are in ms since 1970. */
export interface Caller {
  readonly now: number;
  /** Whether a roster is in force. */
  readonly ready: boolean;
  /** Whether the call is meant for the host served here. */
  readonly hostServed: boolean;
  /** Whether the query carries an access token. */
  readonly tokenInQuery: boolean;
  readonly certificateEnds: number;
  /** Whose certificate it is by the lists in force; a revoked one is nobody's. */
  readonly partner: ListedPartner | undefined;
  readonly match: RouteMatch | EstMatch;
  /** Whether the route's answer is of a type the partner takes. */
  readonly accepted: boolean;
  /** False for a body of a type the route does not take. */
  readonly bodyTaken: boolean;
}

/** A call with what its token was found to be. */
export interface Bearer {
  readonly now: number;
  readonly partner: ListedPartner;
  readonly thumbprint: string;
  readonly route: Route;
  readonly token: VerifiedToken | "Missing" | "Invalid";
  /** Whether the token's grant is known to have ended: its code was used twice, or its refresh token revoked. */
  readonly grantEnded: boolean;
  /** Whether the token's consent is known to have ended. */
  readonly consentEnded: boolean;
}

/** A call under a consent. */
export interface Consented {
  readonly now: number;
  readonly route: Route;
  readonly token: VerifiedToken;
  /** Undefined: there is none of that id. */
  readonly consent: ConsentSnapshot | undefined;
}

type Check<Facts> = (facts: Facts) => Refusal | undefined;

const when = (refused: boolean, refusal: Refusal): Refusal | undefined => (refused ? refusal : undefined);

/**
 * What is asked of every call, in order. Who calls comes before what is called, so that a stranger learns nothing about
 * addresses, and a suspended partner is refused whatever it asks.
 */
const callerChecks: readonly Check<Caller>[] = [
  ({ ready }) => when(!ready, "NotReady"),
  ({ hostServed }) => when(!hostServed, "Misdirected"),
  ({ certificateEnds, now }) => when(now >= certificateEnds, "CertificateExpired"),
  ({ partner }) => when(partner === undefined, "CertificateUnknown"),
  ({ partner }) => when(partner?.suspended ?? false, "PartnerSuspended"),
  ({ tokenInQuery }) => when(tokenInQuery, "TokenInQuery"),
  ({ match }) => when(!match.found && match.why === "Unknown", "RouteUnknown"),
  ({ match }) => when(!match.found && match.why === "Method", "MethodNotAllowed"),
  ({ accepted }) => when(!accepted, "NotAcceptable"),
  ({ bodyTaken }) => when(!bodyTaken, "UnsupportedMediaType"),
];

const verified = ({ token }: Bearer): VerifiedToken | undefined =>
  typeof token === "string" ? undefined : token;

/** The route's scopes for which the partner has the role. */
const scopesOfRole = ({ partner, route }: Bearer): readonly string[] =>
  route.scopes.filter((scope) => partner.shard.roles.includes(ROLE_OF[scope]));

/**
 * What is asked of its token, in order (FAPI 2.0 Security Profile 5.3.4). Whose token it is comes before what it
 * allows, so that a stolen one tells its finder nothing.
 */
const bearerChecks: readonly Check<Bearer>[] = [
  ({ token }) => when(token === "Missing", "TokenMissing"),
  ({ token }) => when(token === "Invalid", "TokenInvalid"),
  (call) => when(verified(call)?.clientId !== call.partner.clientId, "TokenOfOtherClient"),
  (call) => when(verified(call)?.thumbprint !== call.thumbprint, "TokenOfOtherCertificate"),
  (call) => when((verified(call)?.expires ?? 0) <= call.now, "TokenExpired"),
  ({ grantEnded }) => when(grantEnded, "GrantEnded"),
  ({ consentEnded }) => when(consentEnded, "ConsentEnded"),
  (call) => when(!scopesOfRole(call).length, "RoleMissing"),
  (call) => when(!scopesOfRole(call).some((scope) => verified(call)?.scopes.has(scope)), "ScopeMissing"),
  (call) =>
    when(call.route.grant === "client" && verified(call)?.customer !== undefined, "ClientTokenNeeded"),
  (call) =>
    when(call.route.grant === "consent" && verified(call)?.consentId === undefined, "CustomerTokenNeeded"),
];

/** A payment that is asked for again is answered again: its consent is consumed then. */
const usable = ({ consent, route }: Consented): boolean =>
  consent?.status === "AUTH" || (route.kind !== "account-access" && String(consent?.status) === "COND");

/** What is asked of its consent, in order. */
const consentChecks: readonly Check<Consented>[] = [
  ({ consent }) => when(consent === undefined, "ConsentUnknown"),
  ({ consent, token }) => when(consent?.clientId !== token.clientId, "ConsentOfOtherClient"),
  ({ consent, route }) => when((consent?.kind ?? "account-access") !== route.kind, "ConsentOfOtherKind"),
  ({ consent }) => when(consent?.status === "AWAU", "ConsentNotAuthorised"),
  (call) => when(!usable(call), "ConsentEnded"),
  ({ consent, now }) =>
    when(consent?.expiresAt !== undefined && Date.parse(consent.expiresAt) <= now, "ConsentEnded"),
  // The customer authorised it again: tokens of the earlier grant have ended.
  ({ consent, token }) =>
    when(consent?.grantId !== undefined && consent.grantId !== token.grantId, "ConsentEnded"),
  ({ consent, token }) => when(consent?.customer !== token.customer, "ConsentOfOtherClient"),
  ({ consent, route }) =>
    when(
      route.permissions.length > 0 &&
        !route.permissions.some((permission) => consent?.permissions.includes(permission)),
      "PermissionMissing",
    ),
];

function first<Facts>(checks: readonly Check<Facts>[], facts: Facts): Refusal | undefined {
  for (const check of checks) {
    const refusal = check(facts);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** Why a call may not go on to have its token looked at, or undefined. */
export const refuseCaller = (facts: Caller): Refusal | undefined => first(callerChecks, facts);

/** Why a token does not carry a call, or undefined. */
export const refuseBearer = (facts: Bearer): Refusal | undefined => first(bearerChecks, facts);

/** Why a consent does not carry a call, or undefined. */
export const refuseConsented = (facts: Consented): Refusal | undefined => first(consentChecks, facts);
