/** The cookies of one browser, kept as RFC 6265 says where an authorization server's own hosts need it. */
export interface CookieJar {
  /** Takes what a response set. */
  store(url: URL, setCookies: readonly string[]): void;
  /** The `Cookie` header of a request; undefined when there is nothing to send. */
  header(url: URL): string | undefined;
}

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly host: string;
  readonly path: string;
  readonly secure: boolean;
}

/** An empty jar. Cookies never leave the host that set them: no `Domain` attribute is honoured. */
export function createCookieJar(clock: () => Date): CookieJar {
  const cookies = new Map<string, Cookie>();
  return {
    store(url, setCookies) {
      for (const text of setCookies) {
        const { cookie, expired } = parseCookie(text, url, clock());
        const key = `${cookie.host} ${cookie.path} ${cookie.name}`;
        if (expired) cookies.delete(key);
        else cookies.set(key, cookie);
      }
    },
    header(url) {
      const sent = [...cookies.values()]
        .filter((cookie) => cookie.host === url.host && isBelow(url.pathname, cookie.path))
        .filter((cookie) => !cookie.secure || url.protocol === "https:")
        // RFC 6265 section 5.4: longer paths first.
        .sort((a, b) => b.path.length - a.path.length);
      return sent.length === 0 ? undefined : sent.map(({ name, value }) => `${name}=${value}`).join("; ");
    },
  };
}

function parseCookie(
  text: string,
  url: URL,
  now: Date,
): { readonly cookie: Cookie; readonly expired: boolean } {
  const [pair = "", ...rest] = text.split(";").map((part) => part.trim());
  const attributes = new Map(
    rest.map((part) => halves(part)).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const [name, value] = halves(pair);
  const path = attributes.get("path");
  const maxAge = attributes.get("max-age");
  const expires = attributes.get("expires");
  const expired =
    maxAge !== undefined
      ? Number(maxAge) <= 0
      : expires !== undefined && new Date(expires).getTime() <= now.getTime();
  return {
    cookie: {
      name,
      value,
      host: url.host,
      path: path?.startsWith("/") === true ? path : parentOf(url.pathname),
      secure: attributes.has("secure"),
    },
    expired,
  };
}

function halves(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  return at < 0 ? [text, ""] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

/** RFC 6265 section 5.1.4: the path up to, not including, the last slash. */
function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

function isBelow(path: string, parent: string): boolean {
  return path === parent || path.startsWith(parent.endsWith("/") ? parent : `${parent}/`);
}
