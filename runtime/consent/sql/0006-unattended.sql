-- How often a partner read something on a day while the customer was not there (EU 2018/389 article 36(5)).
create table unattended_calls (
  consent text not null references consents,
  -- What was read: the address without its query.
  resource text not null,
  -- Of UTC.
  day date not null,
  calls integer not null,
  primary key (consent, resource, day)
);
create index unattended_calls_by_day on unattended_calls (day);

/*
 * Counts a call that a partner makes by itself. Returns whether the consent's policy allows it; of any number of calls
 * at one time no more are allowed than that.
 */
create function unattended(p_consent text, p_resource text, p_at timestamptz)
returns boolean language sql security definer set search_path = consent, pg_temp
begin atomic
  with counted as (
    insert into unattended_calls as u (consent, resource, day, calls)
    select c.id, p_resource, (p_at at time zone 'UTC')::date, 1 from consents c where c.id = p_consent
    on conflict (consent, resource, day) do update set calls = u.calls + 1
      where u.calls < (select (policy ->> 'unattendedPerDay')::integer from consents where id = p_consent)
    returning 1
  )
  select exists (select from counted);
end;
grant execute on function unattended to banking;
