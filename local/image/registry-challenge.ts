/** How a registry wants its callers to show who they are (RFC 9110, section 11.6.1). */
export type Challenge =
  | { readonly scheme: "basic" }
  /** A token is to be had at `realm`, for `service`. Source: Docker's token authentication specification. */
  | { readonly scheme: "bearer"; readonly realm: string; readonly service: string | undefined };

/** The first challenge of the answer that can be met, bearer before basic; undefined when there is none. */
export function challengeOf(header: string | readonly string[] | undefined): Challenge | undefined {
  const values = [header ?? []].flat();
  const bearer = values.find((value) => /^bearer\s/i.test(value));
  const realm = bearer === undefined ? undefined : parameter(bearer, "realm");
  if (bearer !== undefined && realm !== undefined)
    return { scheme: "bearer", realm, service: parameter(bearer, "service") };
  return values.some((value) => /^basic(\s|$)/i.test(value)) ? { scheme: "basic" } : undefined;
}

/** Where the token for some scopes is asked for. */
export function tokenUrl(
  { realm, service }: Extract<Challenge, { readonly scheme: "bearer" }>,
  scopes: readonly string[],
): URL {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  return url;
}

/** The rights to put images into a repository, and to take blobs of others for it. */
export function scopesFor(repository: string, from: string | undefined): readonly string[] {
  return [
    `repository:${repository}:pull,push`,
    ...(from === undefined || from === repository ? [] : [`repository:${from}:pull`]),
  ];
}

function parameter(challenge: string, name: string): string | undefined {
  return new RegExp(`[\\s,]${name}="([^"]*)"`, "i").exec(challenge)?.[1];
}
