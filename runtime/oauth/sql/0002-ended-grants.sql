-- Grants that ended before their consent did, for gateways to refuse the access tokens that are still out under them.
create table oauth.ended_grants (
  -- Grows in the order of commits: whoever writes holds the lock of adapter/grant-store.ts.
  cursor bigint generated always as identity primary key,
  grant_id text not null,
  at timestamptz not null default now()
);
create index ended_grants_by_time on oauth.ended_grants (at);

grant select, insert, delete on oauth.ended_grants to oauth;
