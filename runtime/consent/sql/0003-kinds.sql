-- Consents of every kind: what was asked for stands in `request` as the partner sent it (`Data` of the standard).

alter table consents
  add column kind text not null default 'account-access' check (kind in (
    'account-access', 'domestic-payment', 'domestic-scheduled-payment', 'domestic-standing-order',
    'international-payment', 'international-scheduled-payment', 'international-standing-order',
    'file-payment', 'domestic-vrp', 'funds-confirmation', 'payment-cancellation'
  )),
  add column request jsonb not null default '{}',
  -- SHA-256 (hex) of the canonical JSON of {kind, request, risk}.
  add column request_hash text not null default '',
  add column risk jsonb,
  -- The account the customer pays from, in the standard's words: {SchemeName, Identification, Name}; its id stands in accounts.
  add column debtor_account jsonb;
alter table consents alter column kind drop default, alter column request drop default,
  alter column request_hash drop default;

alter table consents drop constraint consents_state_check, drop constraint ended_somehow,
  drop constraint consents_ended_by_check, drop constraint consents_permissions_check;

create function is_payment(kind text) returns boolean language sql immutable
  return kind not in ('account-access', 'domestic-vrp', 'funds-confirmation');

alter table consents
  add constraint known_state check (state in ('AWUP', 'AWAU', 'AUTH', 'COND', 'RJCT', 'CANC', 'EXPD')),
  add constraint permissions_of_access check ((kind = 'account-access') = (cardinality(permissions) > 0)),
  add constraint files_are_uploaded check (state <> 'AWUP' or kind = 'file-payment'),
  add constraint payments_are_used_once check (state <> 'COND' or is_payment(kind)),
  add constraint ended_how check (ended_by in ('reject', 'withdraw', 'delete', 'endPartner', 'expire', 'use')),
  add constraint ended_somehow check ((state in ('COND', 'RJCT', 'CANC', 'EXPD')) = (ended_by is not null)),
  add constraint payer_is_known check (
    state not in ('AUTH', 'COND') or kind = 'account-access' or (debtor_account is not null and cardinality(accounts) = 1)
  );

drop index consents_by_end, consents_by_client;
create index consents_by_end on consents (ends_at) where state in ('AWUP', 'AWAU', 'AUTH');
create index consents_by_client on consents (client_id) where state in ('AWUP', 'AWAU', 'AUTH');

create or replace function guard_consent() returns trigger language plpgsql as $$
begin
  if (old.state, new.state) not in (
    ('AWUP', 'AWAU'), ('AWUP', 'CANC'), ('AWUP', 'EXPD'),
    ('AWAU', 'AUTH'), ('AWAU', 'RJCT'), ('AWAU', 'CANC'), ('AWAU', 'EXPD'),
    ('AUTH', 'AUTH'), ('AUTH', 'COND'), ('AUTH', 'CANC'), ('AUTH', 'EXPD')
  ) then
    raise exception 'consent % cannot go from % to %', old.id, old.state, new.state using errcode = 'check_violation';
  end if;
  if (old.id, old.client_id, old.kind, old.permissions, old.request, old.request_hash, old.risk, old.created_at, old.expires_at, old.policy)
     is distinct from
     (new.id, new.client_id, new.kind, new.permissions, new.request, new.request_hash, new.risk, new.created_at, new.expires_at, new.policy) then
    raise exception 'what was asked for in consent % cannot change', old.id using errcode = 'check_violation';
  end if;
  return new;
end $$;

-- The file of a file payment, byte for byte what its hash was taken of.
create table files (
  consent text primary key references consents,
  media_type text not null,
  content bytea not null,
  at timestamptz not null
);
revoke update, delete on files from consent;

-- Which payment used which consent, and for how much.
create table uses (
  payment text primary key,
  consent text not null references consents,
  at timestamptz not null,
  -- Of a variable recurring payment: counts towards the consent's limits until it is released.
  amount numeric,
  released_at timestamptz
);
create index uses_by_consent on uses (consent, at);
revoke insert, update, delete on uses from consent;

-- Requests that must take effect once: service/idempotency.ts.
create table idempotency_keys (
  client_id text not null,
  path text not null,
  key text not null,
  body_hash bytea not null,
  resource text not null,
  claimed_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (client_id, path, key)
);
create index idempotency_keys_by_end on idempotency_keys (expires_at);
