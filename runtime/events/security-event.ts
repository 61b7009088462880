import type { Key } from "../../key-store/key.ts";
import type { Resource } from "./notification.ts";

/** A notification that waits for its partner. */
export interface Notification {
  /** The event's id; the same however often it is told. */
  readonly jti: string;
  readonly client: string;
  /** One of the event types of Open Banking UK. */
  readonly type: string;
  readonly resource: Resource;
  /** When it happened. */
  readonly at: Date;
}

/** Who tells it, where and when. */
export interface Telling {
  /** `https://` and the host of the authorization server, whose key set verifies it. */
  readonly issuer: string;
  /** Host of the API, where resources are. */
  readonly apiHost: string;
  readonly now: Date;
}

/** How a subject is named by its resource (Open Banking UK 4.0, Event Notification API, `subject_type`). */
const SUBJECT_TYPE = "http://openbanking.org.uk/rid_http://openbanking.org.uk/rty";

/** The claims of a security event token (RFC 8417 section 2.2) as `OBEventNotification1` has them. */
export function claimsOf({ jti, client, type, resource, at }: Notification, telling: Telling): object {
  const link = `https://${telling.apiHost}${resource.path}`;
  return {
    iss: telling.issuer,
    iat: seconds(telling.now),
    jti,
    aud: client,
    sub: link,
    txn: jti,
    toe: seconds(at),
    events: {
      [type]: {
        subject: {
          subject_type: SUBJECT_TYPE,
          "http://openbanking.org.uk/rid": resource.id,
          "http://openbanking.org.uk/rty": resource.type,
          "http://openbanking.org.uk/rlk": [{ version: "v4.0", link }],
        },
      },
    },
  };
}

/**
 * Signed security event tokens, all by one call of the key: JWS compact serialization (RFC 7515 section 3.1), ES256, type `secevent+jwt`
 * (RFC 8417 section 2.3), so that no other kind of token can be taken for one.
 *
 * They are signed whenever they are told, never kept signed: what waited through a rotation is told under the key of now.
 *
 * @throws KeyStoreError when the key's store signs nothing.
 */
export async function signedSets(claims: readonly object[], key: Key): Promise<readonly string[]> {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const head = part({ typ: "secevent+jwt", alg: "ES256", kid: key.id });
  const inputs = claims.map((each) => `${head}.${part(each)}`);
  const signatures = await key.signAll(inputs.map((input) => Buffer.from(input)));
  return inputs.map((input, n) => `${input}.${signatures[n]?.toString("base64url")}`);
}

function seconds(time: Date): number {
  return Math.floor(time.getTime() / 1_000);
}
