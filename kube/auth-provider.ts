/**
 * The bearer token of a kubeconfig `auth-provider` (OIDC refresh), by way of `@kubernetes/client-node`.
 *
 * That package costs 80 MB of memory once loaded, so it is loaded only for kubeconfigs that need it.
 */
export function authProviderToken(kubeconfig: string, context: string): () => Promise<string | undefined> {
  let loaded: Promise<() => Promise<string | undefined>> | undefined;
  const load = async (): Promise<() => Promise<string | undefined>> => {
    const { KubeConfig } = await import("@kubernetes/client-node");
    const config = new KubeConfig();
    config.loadFromString(kubeconfig);
    config.setCurrentContext(context);
    return async () => {
      const options: { headers?: Record<string, string> } = {};
      await config.applyToHTTPSOptions(options);
      return options.headers?.["Authorization"]?.replace(/^Bearer /, "");
    };
  };
  return async () => {
    loaded ??= load();
    return (await loaded)();
  };
}
