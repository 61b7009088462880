-- What customers ask of the bank about their own data, what keeps it from being erased, and whose may not be used.

-- What one customer does about her data, and what the bank does about it, happens one after the other.
create function lock_customer(p_customer text) returns void language sql
begin atomic
  select pg_advisory_xact_lock(hashtextextended('privacy ' || p_customer, 0));
end;

create table privacy_requests (
  id text primary key,
  customer text not null,
  kind text not null check (kind in ('access', 'rectification', 'erasure', 'restriction', 'objection')),
  -- Whose time limit holds.
  law text not null check (law in ('GDPR', 'KenyaDPA')),
  asked_at timestamptz not null,
  -- {kind: customer | bank, id}
  asked_by jsonb not null,
  -- Her own, where they are needed to decide.
  words text,
  due_at timestamptz not null check (due_at > asked_at),
  extended_because text check (extended_because <> ''),
  answered_at timestamptz,
  answer text check (answer in ('Granted', 'GrantedInPart', 'Refused')),
  answered_by jsonb,
  because text check (because <> ''),
  -- Of an erasure: how much of what went, and when the last of the rest goes.
  outcome jsonb,
  -- Of an erasure: when to look at it again; null when nothing is left to look at.
  look_at timestamptz,
  -- Of an erasure: since when no row holds anything of her; and since when her key is gone.
  erased_at timestamptz,
  shredded_at timestamptz check (shredded_at >= erased_at),
  constraint answered_somehow check ((answered_at is null) = (answer is null) and (answer is null) = (answered_by is null)),
  constraint refused_for_a_reason check (answer <> 'Refused' or because is not null)
);
create index privacy_requests_by_customer on privacy_requests (customer, asked_at);
create index privacy_requests_open on privacy_requests (due_at) where answered_at is null;
create index privacy_requests_to_look_at on privacy_requests (look_at) where look_at is not null;
create index privacy_requests_to_shred on privacy_requests (erased_at) where erased_at is not null and shredded_at is null;
-- While a wish to be forgotten waits for its answer a second one is the first: a customer who has come back since may mean
-- what she gave since.
create unique index privacy_requests_erasing on privacy_requests (customer)
  where kind = 'erasure' and answered_at is null;

-- Nothing of this customer is erased, whatever its time, while somebody has need of it.
create table legal_holds (
  id text primary key,
  customer text not null,
  -- Such as the number of a case.
  reason text not null check (reason <> ''),
  placed_by text not null check (placed_by <> ''),
  placed_at timestamptz not null,
  until timestamptz not null check (until > placed_at),
  released_at timestamptz,
  released_by text check ((released_by is null) = (released_at is null))
);
create index legal_holds_by_customer on legal_holds (customer) where released_at is null;

-- Until when a customer's data is held; null when it is not.
create function held_until(p_customer text, p_at timestamptz) returns timestamptz language sql stable
  set search_path = consent, pg_temp
begin atomic
  select max(until) from legal_holds where customer = p_customer and released_at is null and until > p_at;
end;

-- Whose data is given to nobody and used for nothing but what the law asks for.
create table restrictions (
  customer text primary key,
  request text not null references privacy_requests,
  since timestamptz not null
);

revoke delete on privacy_requests, legal_holds from consent;
-- A hold changes in nothing but its release: whose it is, who placed it, why and until when stay as they were written.
revoke update on legal_holds from consent;
grant update (released_at, released_by) on legal_holds to consent;

-- Banking refuses partners what is restricted.
create function restricted() returns setof text language sql stable security definer set search_path = consent, pg_temp
begin atomic
  select customer from restrictions;
end;
grant execute on function restricted to banking;

-- Of an erased consent there stays that it was, for whom, from when to when, and the hash of what was asked for.
alter table consents add column erased_at timestamptz;

-- The guards of what was asked for stand aside for erasure alone, which has a guard of its own.
drop trigger guard_consent on consents;
create trigger guard_consent before update on consents for each row
  when (old.erased_at is null and new.erased_at is null) execute function guard_consent();
drop trigger guard_berlin_group on consents;
create trigger guard_berlin_group before update of berlin_group on consents for each row
  when (old.erased_at is null and new.erased_at is null) execute function guard_berlin_group();

-- Whose a consent is does not change. Without this one that ended as nobody's would be erased at once: no hold would be found,
-- and seven years are counted for customers.
create function guard_customer() returns trigger language plpgsql as $$
begin
  raise exception 'consent % is its customer''s and becomes nobody else''s', old.id using errcode = 'check_violation';
end $$;
create trigger guard_customer before update on consents for each row
  when (old.customer is distinct from new.customer and old.customer is not null and new.erased_at is null)
  execute function guard_customer();

-- Seven years after the end of a consent that gave something, and at once after one that never did; nobody's clock but
-- the database's can hurry it.
create function guard_erasure() returns trigger language plpgsql as $$
declare
  held timestamptz := held_until(old.customer, new.erased_at);
begin
  if old.erased_at is not null then
    raise exception 'consent % is erased and does not change', old.id using errcode = 'check_violation';
  end if;
  if old.state not in ('COND', 'RJCT', 'CANC', 'EXPD') then
    raise exception 'consent % lives; it ends before it is erased', old.id using errcode = 'check_violation';
  end if;
  if held is not null then
    raise exception 'consent % is held until %', old.id, held using errcode = 'check_violation';
  end if;
  if (old.state = 'COND' or not is_payment(old.kind)) and old.customer is not null
     and old.state_updated_at + interval '7 years' > least(new.erased_at, now()) then
    raise exception 'consent % is kept until %', old.id, old.state_updated_at + interval '7 years'
      using errcode = 'check_violation';
  end if;
  if (old.id, old.client_id, old.kind, old.state, old.permissions, old.request_hash, old.created_at, old.policy)
     is distinct from
     (new.id, new.client_id, new.kind, new.state, new.permissions, new.request_hash, new.created_at, new.policy)
     or new.request <> '{}' or num_nonnulls(new.customer, new.risk, new.berlin_group, new.grant_id, new.sca, new.shown) > 0 then
    raise exception 'erasing consent % leaves nothing but that it was', old.id using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger guard_erasure before update on consents for each row
  when (old.erased_at is not null or new.erased_at is not null) execute function guard_erasure();

-- Takes everything out of a consent but that it was.
create function erase(p_consent text, p_at timestamptz) returns void
language sql security definer set search_path = consent, pg_temp
begin atomic
  update consents set erased_at = p_at, request = '{}', risk = null, berlin_group = null, customer = null, grant_id = null,
    sca = null, shown = null, accounts = case when accounts is null then null else array['erased'] end,
    debtor_account = case when debtor_account is null then null else '{}'::jsonb end
  where id = p_consent;
  delete from files where consent = p_consent;
  delete from unattended_calls where consent = p_consent;
end;

-- A dispute about an erased consent has what is left of it.
create or replace function evidence(p_subject text) returns jsonb
language sql stable security definer set search_path = consent, pg_temp
  begin atomic
    select jsonb_build_object('consent', c.id, 'kind', c.kind, 'client', c.client_id, 'state', c.state,
      'requestHash', c.request_hash, 'policy', c.policy,
      'payments', (select jsonb_agg(u.payment order by u.at) from uses u where u.consent = c.id))
      || case when c.erased_at is null then jsonb_build_object(
        'request', c.request, 'risk', c.risk, 'customer', c.customer, 'accounts', c.accounts,
        'debtorAccount', c.debtor_account, 'sca', c.sca, 'shown', c.shown)
      else jsonb_build_object('erasedAt', c.erased_at) end
    from consents c where c.id = p_subject;
  end;

/*
 * The next customer of whom nothing is kept any more, whose key the audit service is to destroy in this same transaction;
 * null when there is none. Who has come back meanwhile is looked at anew: her key is still needed.
 */
create function shred_next(p_at timestamptz) returns text
language plpgsql security definer set search_path = consent, pg_temp as $$
declare
  r privacy_requests;
begin
  select * into r from privacy_requests where erased_at is not null and shredded_at is null
  order by erased_at limit 1 for update skip locked;
  -- Others lock the customer before the row: whoever cannot have both at once comes again.
  if not found or not pg_try_advisory_xact_lock(hashtextextended('privacy ' || r.customer, 0)) then
    return null;
  end if;
  if held_until(r.customer, p_at) is not null or exists (select from consents where customer = r.customer) then
    update privacy_requests set erased_at = null, look_at = p_at where id = r.id;
    return null;
  end if;
  update privacy_requests set shredded_at = greatest(p_at, erased_at) where id = r.id;
  perform tell(jsonb_build_object('type', 'privacy.shredded', 'at', iso_time(p_at), 'request', r.id, 'kind', r.kind,
    'customer', r.customer, 'actor', jsonb_build_object('kind', 'bank')), r.id, p_at);
  return r.customer;
end $$;
grant execute on function shred_next to audit;
