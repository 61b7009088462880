/** What a TLS connection to an API server needs. All PEM. */
export interface TlsMaterial {
  /** The authorities that may vouch for the server; absent: those Node ships. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** The name the server's certificate must carry, when it is not the host of the URL. */
  readonly serverName?: string | undefined;
  /** True accepts any server. For throw-away clusters only. */
  readonly insecureSkipTlsVerify?: boolean | undefined;
}

/** How to reach one API server and as whom. Asked anew for every connection and request, so that both may rotate. */
export interface Credentials {
  /** `https://host:port`, perhaps with a path. */
  readonly server: string;
  /** The namespace meant when none is given. */
  readonly namespace?: string | undefined;
  /** TLS material for the next connection. */
  tls(): Promise<TlsMaterial>;
  /** Headers that say who asks: `authorization`, and `impersonate-*` where configured. */
  headers(): Promise<Readonly<Record<string, string>>>;
  /** The server answered 401: whatever was cached is no longer good. */
  rejected(): void;
}

/** Credentials that never change: a server, its CA, and a token or a client certificate. */
export function staticCredentials({
  server,
  token,
  namespace,
  ...tls
}: TlsMaterial & {
  readonly server: string;
  readonly token?: string | undefined;
  readonly namespace?: string | undefined;
}): Credentials {
  return {
    server,
    namespace,
    tls: async () => tls,
    headers: async (): Promise<Record<string, string>> =>
      token === undefined ? {} : { authorization: `Bearer ${token}` },
    rejected() {},
  };
}
