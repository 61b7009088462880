-- What was asked for in the words of the Berlin Group, as it was sent; null when it was in those of Open Banking UK. What
-- follows from it stands where it stands for everybody: kind, permissions, request, expires_at.
alter table consents add column berlin_group jsonb;

create function guard_berlin_group() returns trigger language plpgsql as $$
begin
  if old.berlin_group is distinct from new.berlin_group then
    raise exception 'what was asked for in consent % cannot change', old.id using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger guard_berlin_group before update of berlin_group on consents
  for each row execute function guard_berlin_group();

-- As before, and no more than the partner asked for, where it did (`frequencyPerDay`).
create or replace function unattended(p_consent text, p_resource text, p_at timestamptz)
returns boolean language sql security definer set search_path = consent, pg_temp
begin atomic
  with counted as (
    insert into unattended_calls as u (consent, resource, day, calls)
    select c.id, p_resource, (p_at at time zone 'UTC')::date, 1 from consents c where c.id = p_consent
    on conflict (consent, resource, day) do update set calls = u.calls + 1
      where u.calls < (
        select least((policy ->> 'unattendedPerDay')::integer, (berlin_group ->> 'frequencyPerDay')::integer)
        from consents where id = p_consent
      )
    returning 1
  )
  select exists (select from counted);
end;
