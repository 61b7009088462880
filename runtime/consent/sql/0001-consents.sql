-- Account-access consents (Open Banking UK 4.0), what is to be told of them, and the evidence.

create table consents (
  id text primary key,
  client_id text not null,
  state text not null check (state in ('AWAU', 'AUTH', 'RJCT', 'CANC', 'EXPD')),
  permissions text[] not null check (cardinality(permissions) > 0),
  created_at timestamptz not null,
  state_updated_at timestamptz not null,
  expires_at timestamptz not null,
  -- When it ends by itself in its present state.
  ends_at timestamptz not null check (ends_at <= expires_at),
  transaction_from timestamptz,
  transaction_to timestamptz,
  -- The policy it was given under, with its words.
  policy jsonb not null,
  policy_hash text not null generated always as (policy ->> 'hash') stored,
  customer text,
  accounts text[],
  grant_id text,
  sca jsonb,
  ended_by text check (ended_by in ('reject', 'withdraw', 'delete', 'endPartner', 'expire')),
  constraint authorised_by_somebody check (
    state <> 'AUTH'
    or (customer is not null and cardinality(accounts) > 0 and grant_id is not null and sca is not null)
  ),
  constraint ended_somehow check ((state in ('RJCT', 'CANC', 'EXPD')) = (ended_by is not null))
);

create index consents_by_end on consents (ends_at) where state in ('AWAU', 'AUTH');
create index consents_by_client on consents (client_id) where state in ('AWAU', 'AUTH');
create index consents_by_customer on consents (customer, created_at) where customer is not null;

-- The service decides by the same table in TypeScript; this one holds when that is wrong.
create function guard_consent() returns trigger language plpgsql as $$
begin
  if (old.state, new.state) not in (
    ('AWAU', 'AUTH'), ('AWAU', 'RJCT'), ('AWAU', 'CANC'), ('AWAU', 'EXPD'),
    ('AUTH', 'AUTH'), ('AUTH', 'CANC'), ('AUTH', 'EXPD')
  ) then
    raise exception 'consent % cannot go from % to %', old.id, old.state, new.state using errcode = 'check_violation';
  end if;
  if (old.id, old.client_id, old.permissions, old.created_at, old.expires_at, old.policy)
     is distinct from (new.id, new.client_id, new.permissions, new.created_at, new.expires_at, new.policy) then
    raise exception 'what was asked for in consent % cannot change', old.id using errcode = 'check_violation';
  end if;
  return new;
end $$;

create trigger guard_consent before update on consents for each row execute function guard_consent();

-- Written in the transaction of the change; a relay takes rows from here in the order of their ids.
create table outbox (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  type text not null,
  subject text not null,
  payload jsonb not null
);

-- Leaves of the audit tree (RFC 6962 section 2.1), as they are written; the audit log copies them. By month, so that a month which it has
-- can be dropped.
create table audit_leaf (
  id bigint generated always as identity,
  at timestamptz not null,
  subject text not null,
  -- Canonical JSON (RFC 8785), byte for byte what was hashed.
  leaf text not null,
  hash bytea not null,
  primary key (id, at)
) partition by range (at);
select partition_by_month('audit_leaf', now());

-- What gateways poll. Cursors become visible in their order: whoever takes one holds a lock until commit.
create table revocations (
  cursor bigint generated always as identity primary key,
  consent text not null references consents,
  at timestamptz not null
);
create index revocations_by_time on revocations (at);

revoke delete on consents from consent;
revoke update, delete on audit_leaf, revocations from consent;
