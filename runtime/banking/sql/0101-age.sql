-- What partners initiated is kept for as long as the law of its consent asks, and no longer.

-- As before, with the period of the law that the consent is under; seven years, the longest, where there is no such consent.
create or replace function erase_payments(p_consent text, p_at timestamptz) returns void
language plpgsql security definer set search_path = banking, pg_temp as $$
declare
  newest timestamptz;
  until timestamptz;
begin
  if exists (select from payments p where p.consent = p_consent and under_way(p)) then
    raise exception 'a payment under consent % is under way', p_consent using errcode = 'check_violation';
  end if;
  select max(status_at) into newest from payments where consent = p_consent;
  until := newest + coalesce(consent.record_period(p_consent), interval '7 years');
  if until > least(p_at, now()) then
    raise exception 'the payments under consent % are kept until %', p_consent, until using errcode = 'check_violation';
  end if;
  delete from outgoing where transfer in (
    select t.id from payments p join transfers t on t.payment = p.id where p.consent = p_consent);
  update transfers set creditor_scheme = 'erased', creditor_identification = 'erased', creditor_name = 'erased',
    reference = 'erased', end_to_end = 'erased'
  where id in (select t.id from payments p join transfers t on t.payment = p.id where p.consent = p_consent);
  update payments set erased_at = p_at, initiation = '{}', instruction = null, risk = '{}'
  where consent = p_consent and erased_at is null;
  delete from funds_confirmations where consent = p_consent;
end $$;

-- Whether somebody was asked if there is money enough is kept for the thirteen months in which a payment can be disputed (EU 2015/2366
-- article 71(1)); what was answered is not kept at all (article 65(3)). At most so many at a time, the oldest first; nobody's clock but
-- the database's can hurry it, and a legal hold keeps them for longer.
create index funds_confirmations_by_time on funds_confirmations (at);
create index funds_confirmations_by_consent on funds_confirmations (consent);
create function forget_confirmations(p_most integer) returns integer
language plpgsql security definer set search_path = banking, pg_temp as $$
declare
  forgotten integer;
begin
  delete from funds_confirmations where id = any (array(
    select f.id from funds_confirmations f
    where f.at < now() - interval '13 months' and consent.is_held(f.consent) is not true
    order by f.at limit p_most));
  get diagnostics forgotten = row_count;
  return forgotten;
end $$;
revoke execute on function forget_confirmations from seed;
