/** The names a test's stack answers to. */
export const HOSTS = { api: "api.ke.test", auth: "auth.ke.test", mtlsAuth: "mtls.auth.ke.test" } as const;
