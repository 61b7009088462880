-- How banking uses a consent: inside the transaction of the payment, so that there is never one without the other.

-- JSON with one spelling per value (RFC 8785), as service/audit-leaf.ts writes it; member names here are ASCII.
create function canonical_json(value jsonb) returns text language plpgsql immutable as $$
begin
  case jsonb_typeof(value)
    when 'object' then
      return '{' || coalesce((
        select string_agg(to_jsonb(key)::text || ':' || canonical_json(member), ',' order by key collate "C")
        from jsonb_each(value) as members (key, member)), '') || '}';
    when 'array' then
      return '[' || coalesce((
        select string_agg(canonical_json(item), ',' order by place)
        from jsonb_array_elements(value) with ordinality as items (item, place)), '') || ']';
    else
      return value::text;
  end case;
end $$;

create function iso_time(at timestamptz) returns text language sql immutable
  return to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');

-- Says what happened, to those who listen and for the record.
create function tell(event jsonb, subject text, at timestamptz) returns void language plpgsql as $$
declare
  words text := canonical_json(event);
begin
  insert into outbox (at, type, subject, payload) values (at, event ->> 'type', subject, event);
  insert into audit_leaf (at, subject, leaf, hash)
  values (at, subject, words, sha256('\x00'::bytea || convert_to(words, 'UTF8')));
end $$;

-- The period of a limit that a day lies in: its first day and the first day after it. Days are those of UTC.
-- Consent-aligned periods are counted from the first day itself, so that a 31st comes back after a short month.
create function limit_period(type text, alignment text, origin date, day date, out starts date, out ends date)
language plpgsql immutable as $$
declare
  days integer := case type when 'Day' then 1 when 'Week' then 7 when 'Fortnight' then 14 end;
  months integer := case type when 'Month' then 1 when 'Half-year' then 6 when 'Year' then 12 end;
  -- A Monday that begins a year: whole weeks, half-years and years of the calendar are counted from it.
  base date := case when alignment = 'Calendar' then date '1900-01-01' else origin end;
  n integer;
begin
  if days is not null then
    n := floor((day - base)::numeric / days);
    starts := base + n * days;
    ends := starts + days;
  else
    n := floor((12 * (extract(year from day) - extract(year from base))
                + extract(month from day) - extract(month from base)) / months);
    if (base + make_interval(months => n * months))::date > day then n := n - 1; end if;
    starts := (base + make_interval(months => n * months))::date;
    ends := (base + make_interval(months => (n + 1) * months))::date;
  end if;
end $$;

-- The first limit a variable recurring payment would break, or null. The consent's row is locked by the caller.
create function limit_broken(c consents, amount numeric, currency text, at timestamptz) returns jsonb
language plpgsql stable as $$
declare
  terms jsonb := c.request -> 'ControlParameters';
  most jsonb := terms -> 'MaximumIndividualAmount';
  origin date := (coalesce((terms ->> 'ValidFromDateTime')::timestamptz, c.created_at) at time zone 'UTC')::date;
  day date := (at at time zone 'UTC')::date;
  bound jsonb;
  period record;
  allowed numeric;
  used numeric;
begin
  if currency <> most ->> 'Currency' or amount > (most ->> 'Amount')::numeric then
    return jsonb_build_object('name', 'MaximumIndividualAmount') || most;
  end if;
  for bound in select jsonb_array_elements(terms -> 'PeriodicLimits') loop
    period := limit_period(bound ->> 'PeriodType', bound ->> 'PeriodAlignment', origin, day);
    allowed := (bound ->> 'Amount')::numeric;
    -- A calendar period that had begun before the consent did gives its share of the days that were left.
    if period.starts < origin then
      allowed := trunc(allowed * (period.ends - origin) / (period.ends - period.starts), 2);
    end if;
    select coalesce(sum(u.amount), 0) into used from uses u
    where u.consent = c.id and u.released_at is null
      and u.at >= period.starts::timestamp at time zone 'UTC' and u.at < period.ends::timestamp at time zone 'UTC';
    if currency <> bound ->> 'Currency' or used + amount > allowed then
      return jsonb_build_object('name', 'PeriodicLimits') || bound
        || jsonb_build_object('allowed', allowed::text, 'used', used::text, 'until', period.ends);
    end if;
  end loop;
  return null;
end $$;

/*
 * Uses a consent for a payment. Of any number of callers at one time each sees what the one before it did.
 *
 * p_initiation: `Data.Initiation` of the payment; must say what the consent says.
 * p_instruction: `Data.Instruction` of a variable recurring payment; null for every other.
 * p_payment: the payment's id. The same payment again is answered as it was the first time.
 *
 * Returns {outcome, state, kind, customer, debtorAccount, initiation, limit?}; outcome is one of Used, NotFound,
 * WrongState, InitiationDiffers, LimitExceeded, Expired. Nothing is written unless it is Used.
 */
create function use(p_consent text, p_client text, p_initiation jsonb, p_instruction jsonb, p_payment text, p_at timestamptz)
returns jsonb language plpgsql security definer set search_path = consent, pg_temp as $$
declare
  c consents;
  answer jsonb;
  broken jsonb;
  amount numeric;
  vrp boolean;
begin
  select * into c from consents where id = p_consent for update;
  if not found or c.client_id <> p_client or not (is_payment(c.kind) or c.kind = 'domestic-vrp') then
    return jsonb_build_object('outcome', 'NotFound');
  end if;
  vrp := c.kind = 'domestic-vrp';
  answer := jsonb_build_object('state', c.state, 'kind', c.kind, 'customer', c.customer,
    'debtorAccount', c.accounts[1], 'initiation', c.request -> 'Initiation');
  if exists (select from uses where payment = p_payment and consent = p_consent) then
    return answer || '{"outcome": "Used"}';
  end if;
  if c.state <> 'AUTH' then return answer || '{"outcome": "WrongState"}'; end if;
  if c.ends_at <= p_at then return answer || '{"outcome": "Expired"}'; end if;
  if p_initiation is distinct from c.request -> 'Initiation' then
    return answer || '{"outcome": "InitiationDiffers"}';
  end if;
  if vrp then
    if (c.request #> '{ControlParameters,ValidFromDateTime}') is not null
       and p_at < (c.request #>> '{ControlParameters,ValidFromDateTime}')::timestamptz then
      return answer || '{"outcome": "WrongState"}';
    end if;
    if not coalesce(p_instruction -> 'CreditorAccount' @> ((p_initiation -> 'CreditorAccount') - 'Name'), 
                    p_initiation -> 'CreditorAccount' is null) then
      return answer || '{"outcome": "InitiationDiffers"}';
    end if;
    amount := (p_instruction #>> '{InstructedAmount,Amount}')::numeric;
    if amount is null or amount <= 0 then return answer || '{"outcome": "InitiationDiffers"}'; end if;
    broken := limit_broken(c, amount, p_instruction #>> '{InstructedAmount,Currency}', p_at);
    if broken is not null then
      return answer || jsonb_build_object('outcome', 'LimitExceeded', 'limit', broken);
    end if;
  else
    update consents set state = 'COND', state_updated_at = p_at, ended_by = 'use' where id = c.id;
    answer := answer || '{"state": "COND"}';
  end if;
  insert into uses (payment, consent, at, amount) values (p_payment, c.id, p_at, amount);
  perform tell(jsonb_build_object('type', 'consent.used', 'at', iso_time(p_at), 'consent', c.id, 'kind', c.kind,
    'client', c.client_id, 'customer', c.customer, 'state', answer -> 'state', 'permissions', c.permissions,
    'policyHash', c.policy_hash, 'requestHash', c.request_hash, 'payment', p_payment,
    'actor', jsonb_build_object('kind', 'partner', 'id', c.client_id)), c.id, p_at);
  return answer || '{"outcome": "Used"}';
end $$;

/*
 * Gives back what a payment that was rejected used of a consent's limits. A payment of any other kind keeps its
 * consent consumed: the customer agreed to one attempt. Safe to repeat. Returns whether something was given back.
 */
create function release(p_payment text, p_at timestamptz)
returns boolean language plpgsql security definer set search_path = consent, pg_temp as $$
declare
  c consents;
begin
  select consents.* into c from consents join uses on uses.consent = consents.id
  where uses.payment = p_payment and consents.kind = 'domestic-vrp' for update of consents;
  if not found then return false; end if;
  update uses set released_at = p_at where payment = p_payment and released_at is null;
  if not found then return false; end if;
  perform tell(jsonb_build_object('type', 'consent.released', 'at', iso_time(p_at), 'consent', c.id, 'kind', c.kind,
    'client', c.client_id, 'customer', c.customer, 'state', c.state, 'permissions', c.permissions,
    'policyHash', c.policy_hash, 'requestHash', c.request_hash, 'payment', p_payment, 'actor', jsonb_build_object('kind', 'bank')), c.id, p_at);
  return true;
end $$;

-- The file of a file payment's consent, for banking to carry out.
create function file_of(p_consent text, out media_type text, out content bytea)
language sql stable security definer set search_path = consent, pg_temp
  begin atomic select f.media_type, f.content from files f where f.consent = p_consent; end;

grant usage on schema consent to banking;
grant execute on function use, release, file_of to banking;
