-- What the bank's side of the platform keeps of a customer, for her to have and, when its time is over, for nobody.

alter table payments add column erased_at timestamptz;

-- What she is given: her accounts, and the payments that partners initiated for her, with what they moved.
create function kept_of(p_customer text) returns table (kind text, record jsonb)
language sql stable security definer set search_path = banking, pg_temp
begin atomic
  select 'account', jsonb_build_object('id', a.id, 'currency', a.currency, 'description', a.description,
    'nickname', a.nickname, 'holder', a.holder, 'scheme', a.scheme, 'identification', a.identification,
    'status', a.status, 'openedAt', a.opened_at)
  from accounts a where a.customer = p_customer
  union all
  select 'payment', jsonb_build_object('id', p.id, 'kind', p.kind, 'client', p.client_id, 'consent', p.consent,
    'account', p.account, 'initiation', p.initiation, 'instruction', p.instruction, 'risk', p.risk, 'status', p.status,
    'statusAt', p.status_at, 'reason', p.reason, 'createdAt', p.created_at,
    'transfers', (select jsonb_agg(to_jsonb(t) order by t.at, t.id) from transfers t where t.payment = p.id))
  from payments p where p.customer = p_customer and p.erased_at is null;
end;
create index payments_by_customer on payments (customer);

-- Whether something may still come of a payment: it is to be carried out, or what it moved has not arrived.
create function under_way(p payments) returns boolean language sql stable set search_path = banking, pg_temp
begin atomic
  select (p).next_at is not null or (p).status in ('RCVD', 'PDNG', 'ACTC', 'ACCP', 'ACFC', 'ACSP', 'ACWP')
    or exists (select from transfers t where t.payment = (p).id and t.status in ('PDNG', 'ACSP', 'ACWP'));
end;

-- Of each of some consents, when the last payment made under it changed, and whether something may still come of one: what
-- decides how long they are kept. Null for those that nothing was paid under.
create function made_under(p_consents text[]) returns table (consent text, unfinished boolean, last_at timestamptz)
language sql stable security definer set search_path = banking, pg_temp
begin atomic
  select asked.id, made.unfinished, made.last_at
  from unnest(p_consents) as asked (id), lateral (
    select bool_or(under_way(p)) as unfinished, max(p.status_at) as last_at from payments p where p.consent = asked.id
  ) made;
end;
create index payments_by_consent on payments (consent);

-- Takes out of the payments made under a consent whom and what they were for, seven years after the last of them.
create function erase_payments(p_consent text, p_at timestamptz) returns void
language plpgsql security definer set search_path = banking, pg_temp as $$
declare
  newest timestamptz;
begin
  if exists (select from payments p where p.consent = p_consent and under_way(p)) then
    raise exception 'a payment under consent % is under way', p_consent using errcode = 'check_violation';
  end if;
  select max(status_at) into newest from payments where consent = p_consent;
  if newest + interval '7 years' > least(p_at, now()) then
    raise exception 'the payments under consent % are kept until %', p_consent, newest + interval '7 years'
      using errcode = 'check_violation';
  end if;
  delete from outgoing where transfer in (
    select t.id from payments p join transfers t on t.payment = p.id where p.consent = p_consent);
  update transfers set creditor_scheme = 'erased', creditor_identification = 'erased', creditor_name = 'erased',
    reference = 'erased', end_to_end = 'erased'
  where id in (select t.id from payments p join transfers t on t.payment = p.id where p.consent = p_consent);
  update payments set erased_at = p_at, initiation = '{}', instruction = null, risk = '{}'
  where consent = p_consent and erased_at is null;
end $$;

grant usage on schema banking to consent;
grant execute on function kept_of, made_under, erase_payments to consent;
