import { request } from "node:https";
import { parse } from "yaml";

/** An answer of the API server. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** A Kubernetes client of 40 lines for the tests of `local/`, which come before everything else works. */
export interface PlainClient {
  /** @throws Error when no answer comes within 5 s. */
  call(method: string, path: string, body?: object): Promise<Answer>;
}

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: Readonly<Record<string, string>> }[];
  readonly users: readonly { readonly user: Readonly<Record<string, string>> }[];
}

/** A client from kubeconfig YAML as {@link kubeconfig} of `local/toolchain` renders it. */
export function createClient(kubeconfig: string): PlainClient {
  const { clusters, users } = parse(kubeconfig) as Kubeconfig;
  const [cluster, user] = [clusters[0]?.cluster ?? {}, users[0]?.user ?? {}];
  const pem = (text: string | undefined) => Buffer.from(text ?? "", "base64");
  const tls = {
    ca: pem(cluster["certificate-authority-data"]),
    cert: pem(user["client-certificate-data"]),
    key: pem(user["client-key-data"]),
    agent: false,
  };
  return {
    call: (method, path, body) =>
      new Promise((resolve, reject) => {
        const options = { ...tls, method, headers: { "content-type": "application/json" } };
        const url = new URL(path, cluster["server"]);
        request(url, { ...options, signal: AbortSignal.timeout(5_000) }, (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (part: string) => (text += part));
          response.on("end", () =>
            resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as unknown }),
          );
        })
          .on("error", reject)
          .end(body === undefined ? undefined : JSON.stringify(body));
      }),
  };
}
