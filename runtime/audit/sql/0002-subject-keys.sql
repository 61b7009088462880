-- One key pair per customer. Services encrypt personal fields of leaves to the public half; the private half is sealed to
-- a wrapping key that only the audit service holds. Deleting the sealed half makes every such field unreadable for ever,
-- and changes no leaf.

create table wrapping_key (
  public bytea primary key check (octet_length(public) = 32),
  since timestamptz not null
);

create table subject_key (
  customer text primary key,
  public bytea not null check (octet_length(public) = 32),
  -- Private half, sealed (HPKE) to `wrapping`; null once it was shredded.
  sealed bytea,
  wrapping bytea not null references wrapping_key,
  shredded_at timestamptz,
  check ((sealed is null) = (shredded_at is not null))
);
revoke insert on subject_key from audit;

-- What a service needs to encrypt: the customer's public key, if there is one, and the newest wrapping key for a new one.
create function encryption_keys(p_customer text)
returns table (public bytea, shredded boolean, wrapping bytea)
language sql stable security definer set search_path = audit, pg_temp as $$
  select k.public, k.shredded_at is not null, w.public
  from (select p_customer) as asked (customer)
  left join subject_key k using (customer)
  left join (select w.public from wrapping_key w order by since desc limit 1) w on true
$$;

-- Keeps a new customer's key; of two that come at once the first one stays.
create function add_subject_key(p_customer text, p_public bytea, p_sealed bytea, p_wrapping bytea) returns void
language sql security definer set search_path = audit, pg_temp as $$
  insert into subject_key (customer, public, sealed, wrapping) values (p_customer, p_public, p_sealed, p_wrapping)
  on conflict do nothing
$$;

-- Forgets a customer's private key. True when there was one.
create function shred_subject_key(p_customer text, p_at timestamptz) returns boolean
language sql security definer set search_path = audit, pg_temp as $$
  with shredded as (
    update subject_key set sealed = null, shredded_at = p_at where customer = p_customer and sealed is not null returning 1
  ) select exists (select from shredded)
$$;

grant usage on schema audit to consent, banking, oauth;
grant execute on function encryption_keys, add_subject_key to consent, banking, oauth;
