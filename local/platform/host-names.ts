import { parseAllDocuments } from "yaml";

interface Group {
  readonly spec: {
    readonly hosts: {
      readonly api: string;
      readonly auth: string;
      readonly mtlsAuth: string;
      readonly tls: { readonly secretRef: { readonly name: string } };
    };
  };
}

/** Host names to certify, those that single partners may get beneath the first included, by the Secret that FailoverGroups (YAML) name for them. */
export function hostsOf(groups: string): Readonly<Record<string, readonly string[]>> {
  const found = parseAllDocuments(groups).map((document) => document.toJS() as Group);
  return Object.fromEntries(
    found.map(({ spec: { hosts } }) => [
      hosts.tls.secretRef.name,
      [hosts.api, `*.${hosts.api}`, hosts.auth, hosts.mtlsAuth],
    ]),
  );
}
