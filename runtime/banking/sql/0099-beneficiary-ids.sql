-- What partners know payees by, who may not see account numbers: the same for one account and payee as long as this database and its
-- standbys live, and nothing that could be made of a guessed number. Nobody but this function reads the key.
create table beneficiary_key (
  single boolean primary key default true check (single),
  key bytea not null check (length(key) = 32)
);
insert into beneficiary_key (key) values (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
revoke all on beneficiary_key from banking, seed;

-- The key comes first and has one length; half of the hash is told, so that nothing can be put behind it.
create function beneficiary_id(p_account text, p_scheme text, p_identification text) returns text
language sql stable security definer set search_path = banking, pg_temp
begin atomic
  select encode(substr(sha256(k.key || convert_to(jsonb_build_array(p_account, p_scheme, p_identification)::text, 'UTF8')), 1, 16), 'hex')
  from beneficiary_key k;
end;
revoke execute on function beneficiary_id from seed;
