-- A second kind of wrapping key: RSA, whose private half may be in a key store. `public` is the name of a key; that of an
-- RSA key is the SHA-256 of its SubjectPublicKeyInfo (DER). What is sealed to the first kind is opened by it as ever.
alter table wrapping_key add column spki bytea check (public = sha256(spki));

-- For services of the version before, to which every wrapping key is X25519: to one of the second kind they would seal
-- what nobody could open.
create or replace function encryption_keys(p_customer text)
returns table (public bytea, shredded boolean, wrapping bytea)
language sql stable security definer set search_path = audit, pg_temp as $$
  select k.public, k.shredded_at is not null, w.public
  from (select p_customer) as asked (customer)
  left join subject_key k using (customer)
  left join (select w.public from wrapping_key w where w.spki is null order by since desc limit 1) w on true
$$;

-- The same for services that know both kinds.
create function sealing_keys(p_customer text)
returns table (public bytea, shredded boolean, wrapping bytea, spki bytea)
language sql stable security definer set search_path = audit, pg_temp as $$
  select k.public, k.shredded_at is not null, w.public, w.spki
  from (select p_customer) as asked (customer)
  left join subject_key k using (customer)
  left join (select w.public, w.spki from wrapping_key w order by since desc limit 1) w on true
$$;
grant execute on function sealing_keys to consent, banking, oauth;
