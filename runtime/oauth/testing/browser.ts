import type { Response } from "undici";
import type { TestClient } from "./network.ts";

interface Cookie {
  readonly value: string;
  readonly host: string;
  readonly path: string;
}

/** A page as the customer's browser has it before her. */
export interface Loaded {
  readonly url: URL;
  readonly status: number;
  readonly headers: Response["headers"];
  readonly text: string;
}

/** A browser without script: cookies with paths, redirects, forms. It stops where a redirect leaves `host`. */
export interface Browser {
  open(url: string): Promise<Loaded>;
  /** Sends the form of the present page whose action ends so, with its hidden fields. */
  submit(
    page: Loaded,
    action: string,
    fields?: Readonly<Record<string, string | readonly string[]>>,
  ): Promise<Loaded>;
  /** Names of the cookies it holds now. */
  cookies(): readonly string[];
}

export function browser(client: TestClient, host: string): Browser {
  const jar = new Map<string, Cookie>();
  const keep = (url: URL, response: Response): void => {
    for (const line of response.headers.getSetCookie()) {
      const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
      const name = pair.slice(0, pair.indexOf("="));
      const value = pair.slice(pair.indexOf("=") + 1);
      const path = attributes.find((part) => /^path=/i.test(part))?.slice(5) ?? "/";
      if (
        !attributes.some((part) => /^secure$/i.test(part)) ||
        !attributes.some((part) => /^httponly$/i.test(part))
      ) {
        throw new Error(`The cookie ${name} is open to script or plain HTTP.`);
      }
      const key = `${name} ${path}`;
      if (value === "" || attributes.some((part) => /^expires=Thu, 01 Jan 1970/i.test(part))) jar.delete(key);
      else jar.set(key, { value: pair, host: url.host, path });
    }
  };
  const cookiesFor = (url: URL): string =>
    [...jar.values()]
      .filter(({ host: owner, path }) => owner === url.host && url.pathname.startsWith(path))
      .map(({ value }) => value)
      .join("; ");
  const follow = async (start: URL, body?: URLSearchParams): Promise<Loaded> => {
    let url = start;
    let form = body;
    for (;;) {
      const response = await client.fetch(url, {
        method: form === undefined ? "GET" : "POST",
        headers: {
          accept: "text/html",
          cookie: cookiesFor(url),
          ...(form === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" }),
        },
        body: form === undefined ? null : form.toString(),
      });
      keep(url, response);
      const location = response.headers.get("location");
      if (location === null || response.status < 300 || response.status > 399) {
        return { url, status: response.status, headers: response.headers, text: await response.text() };
      }
      if (response.status === 307) throw new Error("A 307 would send the form again (FAPI 2.0 5.3.2.2-10).");
      url = new URL(location, url);
      form = undefined;
      if (url.host !== host) return { url, status: response.status, headers: response.headers, text: "" };
    }
  };
  return {
    open: (url) => follow(new URL(url)),
    async submit(page, action, fields = {}) {
      const form = [...page.text.matchAll(/<form[^>]*action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/g)].find(
        ([, to = ""]) => to.endsWith(action),
      );
      if (form === undefined) throw new Error(`${page.url.pathname} has no form ${action}:\n${page.text}`);
      const body = new URLSearchParams();
      for (const [, name = "", value = ""] of (form[2] ?? "").matchAll(
        /<input[^>]*type="hidden"[^>]*name="([^"]*)"[^>]*value="([^"]*)"/g,
      )) {
        body.append(name, value);
      }
      for (const [name, value] of Object.entries(fields)) {
        for (const one of [value].flat()) body.append(name, one);
      }
      return await follow(new URL(form[1] ?? "", page.url), body);
    },
    cookies: () => [...jar.keys()].map((key) => key.split(" ", 1)[0] ?? ""),
  };
}
