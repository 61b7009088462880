-- What outlives a login: grants and the refresh tokens under them. One-time things live in Redis.
create table oauth.grants (
  id text primary key,
  client_id text not null,
  customer text not null,
  -- Set right after the grant is made, when the consent is authorised with it.
  consent_id text,
  payload jsonb not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index grants_consent on oauth.grants (consent_id);
create index grants_expiry on oauth.grants (expires_at);

create table oauth.refresh_tokens (
  -- SHA-256 of the token: a copy of this table gives nobody a token.
  digest bytea primary key,
  -- No foreign key: a token written while its grant is revoked must be dead, not an error.
  grant_id text not null,
  payload jsonb not null,
  consumed_at timestamptz,
  expires_at timestamptz not null
);
create index refresh_tokens_grant on oauth.refresh_tokens (grant_id);
create index refresh_tokens_expiry on oauth.refresh_tokens (expires_at);

grant select, insert, update, delete on oauth.grants, oauth.refresh_tokens to oauth;
