-- Nothing of a customer is kept for longer than a law asks, whether she asks for anything or not.

-- The law that a consent's policy is written for; null when it does not say. The text is canonical JSON, so that this is how it says it.
create function jurisdiction_of(policy jsonb) returns text language sql immutable
  return substring(policy ->> 'text' from '"jurisdiction":"([a-z0-9-]+)"');

-- How long something is kept after its end: privacy/periods.ts has the same table, with its sources. The longest for a law that is not known.
create function kept_for(jurisdiction text, rule text) returns interval language sql immutable
  return case
    when rule = 'nothing' then interval '13 months'
    when jurisdiction in ('eu-psd2', 'uk-ob') then interval '5 years'
    else interval '7 years' end;

-- Whether a consent gave something, so that it is the record of that.
create function period_rule(state text, kind text, customer text) returns text language sql immutable
  return case when state = 'COND' or (not is_payment(kind) and customer is not null) then 'record' else 'nothing' end;

-- When to look whether the time of a consent that ended is over: the first time when that can be at the earliest, and later where it was
-- held, or paid under since. A row for each that ended and is not erased.
create table ages (
  consent text primary key references consents,
  look_at timestamptz not null
);
create index ages_by_time on ages (look_at);

-- Runs as the owner: whoever ends a consent for a partner knows nothing of this table.
create function count_age() returns trigger language plpgsql security definer set search_path = consent, pg_temp as $$
begin
  insert into ages (consent, look_at)
  values (new.id, new.state_updated_at + kept_for(jurisdiction_of(new.policy), period_rule(new.state, new.kind, new.customer)))
  on conflict do nothing;
  return null;
end $$;
create trigger count_age_of_new after insert on consents for each row
  when (new.state in ('COND', 'RJCT', 'CANC', 'EXPD')) execute function count_age();
create trigger count_age after update of state on consents for each row
  when (new.state in ('COND', 'RJCT', 'CANC', 'EXPD')) execute function count_age();

insert into ages (consent, look_at)
select id, state_updated_at + kept_for(jurisdiction_of(policy), period_rule(state, kind, customer))
from consents where state in ('COND', 'RJCT', 'CANC', 'EXPD') and erased_at is null;

-- Only what this role writes late is looked at late; how long it is kept in any case, the guards say.
revoke insert, delete on ages from consent;

-- Of some customers those about whom nobody does anything at this moment; until the end of the transaction nobody else does.
create function try_lock_customers(p_customers text[]) returns setof text language sql volatile
begin atomic
  select c from unnest(p_customers) as c where pg_try_advisory_xact_lock(hashtextextended('privacy ' || c, 0));
end;

-- As before, with the periods of the law; and what came to nothing goes before its time only while its customer wishes so.
create or replace function guard_erasure() returns trigger language plpgsql as $$
declare
  held timestamptz := held_until(old.customer, new.erased_at);
  rule text := period_rule(old.state, old.kind, old.customer);
  until timestamptz := old.state_updated_at + kept_for(jurisdiction_of(old.policy), rule);
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
  if until > least(new.erased_at, now()) and not (rule = 'nothing' and exists (
    select from privacy_requests r where r.customer = old.customer and r.kind = 'erasure' and r.look_at is not null
  )) then
    raise exception 'consent % is kept until %', old.id, until using errcode = 'check_violation';
  end if;
  if (old.id, old.client_id, old.kind, old.state, old.permissions, old.request_hash, old.created_at, old.policy)
     is distinct from
     (new.id, new.client_id, new.kind, new.state, new.permissions, new.request_hash, new.created_at, new.policy)
     or new.request <> '{}' or num_nonnulls(new.customer, new.risk, new.berlin_group, new.grant_id, new.sca, new.shown) > 0 then
    raise exception 'erasing consent % leaves nothing but that it was', old.id using errcode = 'check_violation';
  end if;
  return new;
end $$;

create or replace function erase(p_consent text, p_at timestamptz) returns void
language sql security definer set search_path = consent, pg_temp
begin atomic
  update consents set erased_at = p_at, request = '{}', risk = null, berlin_group = null, customer = null, grant_id = null,
    sca = null, shown = null, accounts = case when accounts is null then null else array['erased'] end,
    debtor_account = case when debtor_account is null then null else '{}'::jsonb end
  where id = p_consent;
  delete from files where consent = p_consent;
  delete from unattended_calls where consent = p_consent;
  delete from ages where consent = p_consent;
end;

-- What banking asks about a consent, for what was done under it: how long the record of that is kept, and whether somebody has a need of
-- everything about its customer.
create function record_period(p_consent text) returns interval
language sql stable security definer set search_path = consent, pg_temp
begin atomic
  select kept_for(jurisdiction_of(policy), 'record') from consents where id = p_consent;
end;
create function is_held(p_consent text) returns boolean
language sql stable security definer set search_path = consent, pg_temp
begin atomic
  select held_until(customer, now()) is not null from consents where id = p_consent;
end;
grant usage on schema consent to banking_owner;
grant execute on function record_period, is_held to banking_owner;

-- What customers asked and holds that are over: proof that it was done, for as long as records of that law are kept. At most so many of
-- each; nobody's clock but the database's can hurry it. What still waits for something stays, and so does all about whom a hold is.
create index privacy_requests_over on privacy_requests (answered_at) where answered_at is not null and look_at is null;
create index legal_holds_over on legal_holds (until);
create function forget_asked(p_most integer, out requests integer, out holds integer)
language plpgsql security definer set search_path = consent, pg_temp as $$
begin
  delete from privacy_requests where id = any (array(
    select r.id from privacy_requests r
    where r.answered_at < now() - interval '5 years' and r.look_at is null
      and r.answered_at < now() - kept_for(case r.law when 'GDPR' then 'eu-psd2' else 'ke-cbk' end, 'record')
      and (r.erased_at is null or r.shredded_at is not null)
      and not exists (select from restrictions s where s.request = r.id)
      and held_until(r.customer, now()) is null
    order by r.answered_at limit p_most));
  get diagnostics requests = row_count;
  delete from legal_holds where id = any (array(
    select h.id from legal_holds h where h.until < now() - kept_for(null, 'record') order by h.until limit p_most));
  get diagnostics holds = row_count;
end $$;
