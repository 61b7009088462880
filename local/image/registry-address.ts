/** A place in a registry under which images are put. */
export interface RegistryAddress {
  /** Base of its API, as "https://registry.example:5000". */
  readonly origin: string;
  /** Host and port as people and kubelets name it, as "registry.example:5000". */
  readonly host: string;
  /** Path below which the repositories are, as "bank/platform"; empty for none. */
  readonly path: string;
}

const HOST = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]{1,5})?$|^\[[0-9a-f:]+\](:[0-9]{1,5})?$/;
/** Of a path component: OCI Distribution Specification 1.1, "Pulling manifests". */
const COMPONENT = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$/;
const LOOPBACK = /^(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:|$)/;

/** Docker Hub is named by one host and answers at another. */
const ANSWERS_AT: Readonly<Record<string, string>> = { "docker.io": "registry-1.docker.io" };

/**
 * Reads `host/path`, as in REGISTRY=registry.example/bank.
 *
 * The registry is spoken to over TLS, but for loopback hosts and where the text begins with `http://`.
 *
 * @throws RangeError with a sentence that says what to write instead.
 */
export function registryAddress(text: string): RegistryAddress {
  const [, scheme, rest = ""] = /^(https?:\/\/)?(.*?)\/*$/.exec(text) ?? [];
  const slash = rest.indexOf("/");
  const host = slash < 0 ? rest : rest.slice(0, slash);
  const path = slash < 0 ? "" : rest.slice(slash + 1);
  const wanted = "write host/path, for example REGISTRY=registry.example/bank";
  if (!HOST.test(host)) throw new RangeError(`REGISTRY=${text} names no host: ${wanted}.`);
  // Without a dot or a port every kubelet would take the first word for a user of Docker Hub.
  if (!/[.:]/.test(host) && host !== "localhost")
    throw new RangeError(`In REGISTRY=${text} the host "${host}" has neither a dot nor a port: ${wanted}.`);
  const bad = path.split("/").find((component) => path !== "" && !COMPONENT.test(component));
  if (bad !== undefined)
    throw new RangeError(
      `In REGISTRY=${text} the part "${bad}" is not as repositories are named (lower case, digits, . _ -; no tag): ${wanted}.`,
    );
  const plain = scheme === undefined ? LOOPBACK.test(host) : scheme === "http://";
  return { origin: `${plain ? "http" : "https"}://${ANSWERS_AT[host] ?? host}`, host, path };
}

/** The repository of an image, as "bank/wekeza". */
export function repositoryOf({ path }: RegistryAddress, image: string): string {
  return path === "" ? image : `${path}/${image}`;
}

/**
 * What a pod names to have an image from there.
 *
 * @param reference of the image on this machine, as "wekeza.local/wekeza:0123456789ab"; name and tag are kept.
 */
export function referenceIn(address: RegistryAddress, reference: string): string {
  return `${address.host}/${repositoryOf(address, reference.slice(reference.lastIndexOf("/") + 1))}`;
}
