-- What a consent to recurring payments asked for in the words of an earlier version of the standard. Written once, when the
-- partner writes the same in those of the present version: what the customer's yes and its hash were for stays to be shown.
create table former_requests (
  consent text primary key references consents,
  request jsonb not null,
  risk jsonb
);
revoke update, delete on former_requests from consent;

-- As before; and a consent to recurring payments may be put into other words while the old ones are kept beside them. What
-- it allows and who is paid are no words.
create or replace function guard_consent() returns trigger language plpgsql as $$
begin
  if (old.state, new.state) not in (
    ('AWUP', 'AWAU'), ('AWUP', 'CANC'), ('AWUP', 'EXPD'),
    ('AWAU', 'AUTH'), ('AWAU', 'RJCT'), ('AWAU', 'CANC'), ('AWAU', 'EXPD'),
    ('AUTH', 'AUTH'), ('AUTH', 'COND'), ('AUTH', 'CANC'), ('AUTH', 'EXPD')
  ) then
    raise exception 'consent % cannot go from % to %', old.id, old.state, new.state using errcode = 'check_violation';
  end if;
  if (old.id, old.client_id, old.kind, old.permissions, old.created_at, old.expires_at, old.policy)
     is distinct from
     (new.id, new.client_id, new.kind, new.permissions, new.created_at, new.expires_at, new.policy)
     or (old.request, old.request_hash, old.risk) is distinct from (new.request, new.request_hash, new.risk)
     and not (
       old.kind = 'domestic-vrp' and old.state = 'AUTH' and new.state = 'AUTH'
       and exists (
         select from former_requests f
         where f.consent = old.id and f.request = old.request and f.risk is not distinct from old.risk
       )
       and new.request -> 'ControlParameters' is not distinct from old.request -> 'ControlParameters'
       and new.request #> '{Initiation,CreditorAccount}' is not distinct from old.request #> '{Initiation,CreditorAccount}'
       and new.request #> '{Initiation,DebtorAccount}' is not distinct from old.request #> '{Initiation,DebtorAccount}'
     ) then
    raise exception 'what was asked for in consent % cannot change', old.id using errcode = 'check_violation';
  end if;
  return new;
end $$;

-- Where what was asked for is erased, the old words of it go too.
create function forget_former_request() returns trigger language plpgsql security definer
set search_path = consent, pg_temp as $$
begin
  delete from former_requests where consent = old.id;
  return null;
end $$;
create trigger forget_former_request after update of request on consents for each row
  when (new.request = '{}' and old.request <> '{}') execute function forget_former_request();

-- The old words, for a dispute; null for most.
create function former_request(p_consent text) returns jsonb
language sql stable security definer set search_path = consent, pg_temp
begin atomic
  select jsonb_build_object('request', f.request, 'risk', f.risk) from former_requests f where f.consent = p_consent;
end;
grant execute on function former_request to audit;
