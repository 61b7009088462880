/** How long things live, in seconds. */
export const LIFETIME = {
  /** FAPI 2.0 Security Profile 5.3.2.1-11: at most 60. */
  authorizationCode: 60,
  idToken: 600,
  /** From the redirect of the customer to her decision. */
  interaction: 600,
  /** Only spans the redirects at the end of an interaction; no login is remembered. */
  session: 600,
} as const;
