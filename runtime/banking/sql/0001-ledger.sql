-- The embedded core bank: customers, their credentials and accounts, and a double-entry ledger.

create table customers (
  id text primary key,
  name text not null,
  created_at timestamptz not null
);

-- scrypt (RFC 7914); each row carries the cost it was made with, so that the cost can grow.
create table credentials (
  username text primary key check (username = lower(username)),
  customer text not null unique references customers,
  salt bytea not null check (length(salt) >= 16),
  hash bytea not null check (length(hash) = 32),
  cost integer not null check (cost >= 16384)
);

create table accounts (
  id text primary key,
  -- Null: the bank's own, the other side of what comes in and goes out.
  customer text references customers,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  category text not null check (category in ('Personal', 'Business')),
  type_code text not null check (type_code ~ '^[A-Z]{4}$'),
  description text not null check (length(description) between 1 and 35),
  nickname text check (length(nickname) between 1 and 70),
  holder text not null,
  scheme text not null,
  identification text not null,
  status text not null check (status in ('Enabled', 'Disabled', 'Pending')),
  status_updated_at timestamptz not null,
  opened_at timestamptz not null,
  -- In minor units of the currency (ISO 4217); what the bank owes the customer is positive.
  balance bigint not null default 0,
  overdraft bigint not null default 0 check (overdraft >= 0),
  constraint within_overdraft check (customer is null or balance >= - overdraft),
  unique (id, currency),
  unique (scheme, identification)
);
create index accounts_by_customer on accounts (customer);

-- One event of the books: money goes from somewhere to somewhere.
create table entries (
  id bigint generated always as identity primary key,
  -- Given by whoever books it; the same thing cannot be booked twice.
  reference text not null unique,
  booked_at timestamptz not null,
  information text not null check (length(information) between 1 and 500),
  -- ISO 20022 bank transaction code: family and sub-family.
  family text not null,
  sub_family text not null,
  merchant_category text check (length(merchant_category) between 3 and 4)
);

-- By month of booking, so that what is written to, with its indexes, stays as large as a month, however long the books are.
create table postings (
  id bigint generated always as identity,
  entry bigint not null references entries,
  account text not null,
  currency text not null,
  -- In minor units; positive adds to the account.
  amount bigint not null check (amount <> 0),
  -- That of the entry.
  booked_at timestamptz not null,
  -- Filled in by a trigger.
  balance_after bigint not null,
  -- The other side as this account's holder knows it.
  counterparty text check (length(counterparty) between 1 and 350),
  primary key (id, booked_at),
  foreign key (account, currency) references accounts (id, currency)
) partition by range (booked_at);
create index postings_by_account on postings (account, booked_at, id);
create index postings_by_entry on postings (entry);

-- Runs as the owner: services cannot write a balance, only post.
create function post() returns trigger language plpgsql security definer set search_path = banking, pg_temp as $$
declare
  booked timestamptz;
begin
  select booked_at into strict booked from entries where id = new.entry;
  -- Chosen by then is the month that the row goes to.
  if new.booked_at is distinct from booked then
    raise exception 'entry % was booked at %, and one of its postings at %', new.entry, booked, new.booked_at
      using errcode = 'check_violation';
  end if;
  update accounts set balance = balance + new.amount where id = new.account returning balance into strict new.balance_after;
  return new;
end $$;
create trigger post before insert on postings for each row execute function post();

create function conserve() returns trigger language plpgsql security definer set search_path = banking, pg_temp as $$
begin
  if exists (select 1 from postings where entry = new.entry and booked_at = new.booked_at group by currency having sum(amount) <> 0) then
    raise exception 'entry % does not balance: what leaves one account must reach another', new.entry
      using errcode = 'check_violation';
  end if;
  return null;
end $$;
-- At commit, when all postings of the entry are there.
create constraint trigger conserve after insert on postings deferrable initially deferred
  for each row execute function conserve();

select partition_by_month('postings', now());

-- The books are only ever added to.
revoke update, delete on customers, accounts, entries, postings from banking, seed;
revoke insert, update, delete on credentials from banking;
revoke delete on credentials from seed;
