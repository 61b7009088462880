// The only place where the kit's tests reach out of it: a real API server to test against.
// oxlint-disable-next-line no-restricted-imports
import { startControlPlane } from "../../local/testing/control-plane.ts";
import type { Client, ClientOptions } from "../client.ts";
import { createClient } from "../client.ts";
import type { Credentials } from "../credentials.ts";
import { staticCredentials } from "../credentials.ts";
import { kubeconfigCredentials } from "../kubeconfig.ts";
import { namespaces } from "../resources.ts";

/** A real API server for one test file. */
export interface TestApiServer {
  readonly credentials: Credentials;
  /** The same identity by way of another address, such as a proxy's. */
  credentialsAt(server: string): Promise<Credentials>;
  client(options?: Partial<ClientOptions>): Client;
  /** Makes a namespace of a new name and returns the name. */
  newNamespace(): Promise<string>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts etcd and a kube-apiserver with an empty store. */
export async function startTestApiServer(): Promise<TestApiServer> {
  const plane = await startControlPlane();
  const credentials = kubeconfigCredentials(plane.kubeconfig, { trusted: false });
  const clients: Client[] = [];
  const client = (options: Partial<ClientOptions> = {}): Client => {
    const made = createClient(credentials, { userAgent: "kube-test", ...options });
    clients.push(made);
    return made;
  };
  const admin = client();
  let made = 0;
  return {
    credentials,
    credentialsAt: async (server) => staticCredentials({ ...(await credentials.tls()), server }),
    client,
    async newNamespace() {
      const name = `test-${++made}`;
      const { apiVersion, kind } = namespaces;
      await admin.apply(namespaces, { apiVersion, kind, metadata: { name } }, { fieldManager: "test" });
      return name;
    },
    restart: () => plane.restartApiServer(),
    async stop() {
      await Promise.all(clients.map((each) => each.close()));
      await plane.stop();
    },
  };
}
