-- Payments that partners initiate, the money they move, and what is to be told of them.

create table payments (
  id text primary key check (length(id) <= 40),
  kind text not null,
  client_id text not null,
  -- A consent of the consent service; it says so itself when it is used.
  consent text not null,
  customer text not null references customers,
  account text not null references accounts,
  -- As the partner sent them (Open Banking UK 4.0).
  initiation jsonb not null,
  instruction jsonb,
  risk jsonb not null,
  -- ISO 20022 external payment transaction status.
  status text not null check (status in ('RCVD', 'PDNG', 'ACTC', 'ACCP', 'ACFC', 'ACSP', 'ACSC', 'ACWP', 'ACCC',
    'BLCK', 'RJCT', 'CANC', 'INFA', 'INCO')),
  reason text,
  created_at timestamptz not null,
  status_at timestamptz not null,
  -- When it is to be carried out, or carried out again; null when nothing more is to be done.
  next_at timestamptz,
  -- How many times it was carried out.
  runs integer not null default 0 check (runs >= 0)
);
create index payments_by_next on payments (next_at) where next_at is not null;
create index payments_by_account on payments (account, created_at);

-- Money that a payment moves: one for a single payment, one for each run of an order, one for each line of a file.
create table transfers (
  id text primary key,
  -- Deferred: a payment is written with its outcome, after the money it moved.
  payment text not null references payments deferrable initially deferred,
  account text not null references accounts,
  -- In minor units (ISO 4217): what the payer's account is debited, and what the payee is to get.
  amount bigint not null check (amount > 0),
  currency text not null,
  credit_amount bigint not null check (credit_amount > 0),
  credit_currency text not null,
  creditor_scheme text not null,
  creditor_identification text not null,
  creditor_name text not null,
  reference text not null,
  end_to_end text not null,
  status text not null check (status in ('PDNG', 'ACSP', 'ACSC', 'ACWP', 'ACCC', 'BLCK', 'RJCT')),
  reason text,
  -- Let through while nobody could say how risky it was.
  watched boolean not null default false,
  at timestamptz not null,
  status_at timestamptz not null,
  foreign key (account, currency) references accounts (id, currency)
);
create index transfers_by_payee on transfers (account, creditor_scheme, creditor_identification, at)
  where status in ('ACSC', 'ACCC');
create index transfers_by_payment on transfers (payment, at, id);

-- Money on its way out of the bank. It leaves only from here, and only once a copy of this row is safe elsewhere.
create table outgoing (
  transfer text primary key references transfers,
  message jsonb not null,
  -- Where the log of the database had got to: what is replicated beyond it holds this row.
  lsn pg_lsn not null default pg_current_wal_insert_lsn(),
  tries integer not null default 0,
  next_at timestamptz not null,
  -- Epoch of the database under which it was handed over first.
  epoch integer,
  answered_at timestamptz
);
create index outgoing_unanswered on outgoing (next_at) where answered_at is null;

-- The service decides by the same table in TypeScript; this one holds when that is wrong.
create function guard_status() returns trigger language plpgsql as $$
begin
  if old.status in ('ACCC', 'BLCK', 'RJCT', 'CANC') and new.status <> old.status then
    raise exception '% % has ended as % and cannot become %', tg_table_name, old.id, old.status, new.status
      using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger guard_status before update on payments for each row execute function guard_status();
create trigger guard_status before update on transfers for each row execute function guard_status();

-- Locks accounts in one order for all, so that two transfers over the same ones wait instead of deadlocking. Services may
-- not lock rows they may not update.
create function lock_accounts(p_ids text[]) returns setof accounts
language sql security definer set search_path = banking, pg_temp as $$
  select * from accounts where id = any (p_ids) order by id for update
$$;

-- The bank's own sides of what goes out and of what is exchanged: many of each, as all payments of a currency meet there
-- and would wait for one row.
insert into accounts (id, currency, category, type_code, description, holder, scheme, identification, status,
  status_updated_at, opened_at)
select purpose || '-' || currency || '-' || n, currency, 'Business', 'CPAC', initcap(purpose), 'Wekeza Bank',
  'UK.OBIE.BBAN', upper(purpose) || '-' || currency || '-' || n, 'Enabled', now(), now()
from unnest(array['outgoing', 'exchange']) as purpose,
  unnest(array['KES', 'UGX', 'TZS', 'RWF', 'ETB', 'ZAR', 'EUR', 'GBP', 'USD', 'CHF', 'JPY']) as currency,
  generate_series(0, 15) as n;

-- How far the log of the database is safe: with every standby, or on disk where there is none. Standbys whose place
-- cannot be seen count as having nothing.
create function safe_lsn() returns pg_lsn language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select case when count(*) = 0 then pg_current_wal_flush_lsn() else coalesce(min(flush_lsn), '0/0') end
  from pg_stat_replication
$$;

-- Grows with every promotion of a standby: the timeline of the log.
create function epoch() returns integer language sql stable
  return ('x' || substr(pg_walfile_name(pg_current_wal_flush_lsn()), 1, 8))::bit(32)::integer;

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

-- Written in the transaction of the change; a relay takes rows from here in the order of their ids.
create table outbox (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  type text not null,
  subject text not null,
  payload jsonb not null,
  xid xid8 not null default pg_current_xact_id()
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
  xid xid8 not null default pg_current_xact_id(),
  primary key (id, at)
) partition by range (at);
select partition_by_month('audit_leaf', now());

-- Answers to card issuers whether there is money enough; they may not be asked twice under one reference.
create table funds_confirmations (
  id text primary key,
  consent text not null,
  reference text not null,
  at timestamptz not null
);

revoke delete on payments, transfers, outgoing, funds_confirmations from banking;
revoke update, delete on audit_leaf from banking;
revoke insert, update, delete on payments, transfers, outgoing, idempotency_keys, outbox, audit_leaf,
  funds_confirmations from seed;

grant usage on schema banking to events;
grant select, delete on outbox to events;
