import { askedAt, clientOf, consentOf, customerOf, ownerOf, type Fill, type Size } from "../size.ts";

/** A grant and a refresh token for every consent that a customer gave. */
export function oauthRows(size: Size): readonly Fill[] {
  const given = `generate_series(1, ${size.consents}) n where (n / 10) % 10 between 1 and 4`;
  const at = askedAt("n", size);
  return [
    {
      table: "oauth.grants",
      sql: `insert into oauth.grants (id, client_id, customer, consent_id, payload, created_at, expires_at)
        select 'scale-grant-' || n, ${clientOf("n")}, ${customerOf(`(${ownerOf("n", size)})`)}, ${consentOf("n")},
          jsonb_build_object('clientId', ${clientOf("n")}, 'openid', jsonb_build_object('scope', 'openid accounts')), ${at},
          ${at} + interval '2 years' from ${given}`,
    },
    {
      table: "oauth.refresh_tokens",
      sql: `insert into oauth.refresh_tokens (digest, grant_id, payload, expires_at)
        select sha256(('scale-token-' || n)::bytea), 'scale-grant-' || n, '{"kind": "RefreshToken"}', ${at} + interval '2 years'
        from ${given}`,
    },
  ];
}
